// An application of ES modules.
import 'reflect-metadata';
import * as common from '@nestjs/common';
import * as core from '@nestjs/core';
import * as ioredis from 'ioredis';
import * as otto from '@ottoscaler/client';
import * as nestjs from '@ottoscaler/client/nestjs';
import { main } from '../../.build/test/support/nest-app.js';

await main({ common, core, ioredis, otto, nestjs });
