import type * as common from '@nestjs/common';
import type * as core from '@nestjs/core';
import type * as ioredis from 'ioredis';
import type * as otto from '../../src/index.js';
import type * as nestjs from '../../src/nestjs/index.js';

/** The application's own copies: those of the Nest version under test, imported or required. */
export interface Modules {
  common: typeof common;
  core: typeof core;
  ioredis: typeof ioredis;
  otto: typeof otto;
  nestjs: typeof nestjs;
}

/** A replica that says on its standard output what it handles, one JSON text a line. */
export async function main(modules: Modules): Promise<void> {
  const say = (what: object) => process.stdout.write(JSON.stringify(what) + '\n');
  const app = await modules.core.NestFactory.createApplicationContext(appModule(modules, say), { logger: ['error'] });
  app.enableShutdownHooks();
  const client = app.get(modules.otto.Ottoscaler);
  const injected = app.get<{ client: otto.Ottoscaler }>('Builds').client === client;
  say({ ready: true, injected, stream: client.stream });
}

function appModule({ common, ioredis, otto, nestjs }: Modules, say: (what: object) => void) {
  const { REDIS_PORT, STREAM, GROUP } = process.env;
  const redis = new ioredis.Redis({ port: Number(REDIS_PORT), lazyConnect: true });

  class Builds {
    constructor(
      @nestjs.InjectOttoscaler() readonly client: otto.Ottoscaler,
      @common.Inject(otto.Ottoscaler) readonly same: otto.Ottoscaler,
    ) {}

    @nestjs.OnWorker({ states: ['succeeded'], taskId: /^build-/ })
    async built(status: otto.StatusEntry, { attempt }: otto.HandlerContext): Promise<void> {
      if (status.index === 1 && attempt === 1) throw new Error('the first time fails');
      say({ built: `${status.eventId} ${status.index}`, attempt });
    }

    @nestjs.OnWorker({ states: ['failed'] })
    broken(status: otto.StatusEntry): void {
      say({ broken: status.reason });
    }

    onModuleDestroy(): void {
      say({ destroyed: true });
    }
  }
  const options = { redis, stream: STREAM!, ...(GROUP && { consume: { group: GROUP, onError: () => {} } }) };
  const useFactory = async () => options;
  class App {}
  common.Module({
    imports: [GROUP ? nestjs.OttoscalerModule.forRootAsync({ useFactory }) : nestjs.OttoscalerModule.forRoot(options)],
    providers: [{ provide: 'Builds', useClass: Builds }],
  })(App);
  return App;
}
