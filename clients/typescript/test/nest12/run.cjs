// An application of CommonJS modules.
require('reflect-metadata');
const modules = {
  common: require('@nestjs/common'),
  core: require('@nestjs/core'),
  ioredis: require('ioredis'),
  otto: require('@ottoscaler/client'),
  nestjs: require('@ottoscaler/client/nestjs'),
};
const { main } = require('../../.build/test/support/nest-app.js');

main(modules);
