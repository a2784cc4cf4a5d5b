import 'reflect-metadata';
import { OttoscalerModule } from '@ottoscaler/client/nestjs';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Redis } from 'ioredis';
import { BuildsController } from './builds.controller.js';
import { BuildLog } from './build-log.js';
import { ErrorFilter } from './error.filter.js';

const { REDIS_URL = 'redis://127.0.0.1:6379', PORT = '3000' } = process.env;

@Module({
  imports: [
    OttoscalerModule.forRoot({
      redis: new Redis(REDIS_URL, { lazyConnect: true }),
      // Of all replicas of this backend, one handles each outcome.
      consume: { group: 'builds' },
    }),
  ],
  controllers: [BuildsController],
  providers: [BuildLog],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['error', 'warn'], forceCloseConnections: true });
app.useGlobalFilters(new ErrorFilter());
app.enableShutdownHooks();
await app.listen(Number(PORT), '127.0.0.1');
console.log(await app.getUrl());
