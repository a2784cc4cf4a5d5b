import { Redis } from 'ioredis';
import { Ottoscaler, type OttoscalerOptions } from '../../src/index.js';
import { Engine } from './engine.js';
import { Proxy } from './proxy.js';
import { RedisServer } from './redis.js';

/** Ends a test that hangs. It is no bound of how long one may take on a busy machine. */
export const HANG = 600_000;

let streams = 0;

/** One redis-server with a proxy before it, and clients and engines on a stream of each test's own. */
export class World {
  readonly #cleanups: (() => unknown)[] = [];

  private constructor(
    readonly server: RedisServer,
    readonly proxy: Proxy,
  ) {}

  static async start(): Promise<World> {
    const server = await RedisServer.start();
    return new World(server, await Proxy.start(server.port));
  }

  stream(): string {
    return `otto:test:${++streams}`;
  }

  async engine(stream: string, work?: ConstructorParameters<typeof Engine>[2]): Promise<Engine> {
    const engine = await new Engine(this.server.port, stream, work).start();
    this.#cleanups.push(() => engine.stop());
    return engine;
  }

  client(stream: string, options: Partial<OttoscalerOptions> = {}): Ottoscaler {
    const redis = new Redis({ host: '127.0.0.1', port: this.proxy.port, lazyConnect: true });
    const client = new Ottoscaler({ redis, stream, ...options });
    this.#cleanups.push(() => client.close());
    return client;
  }

  /** Cuts the clients off until the returned function is called. */
  holdBack(): () => void {
    this.proxy.onCommand = (_, link) => (link.close(), { kind: 'cut-before' });
    this.proxy.cutAll();
    return () => {
      this.proxy.onCommand = () => undefined;
    };
  }

  /** The connections of the clients under test, as CLIENT LIST has them. */
  async connections(): Promise<string[]> {
    const all = String(await this.server.admin.client('LIST'));
    return all.split('\n').filter((line) => line !== '' && !line.includes('name=engine'));
  }

  /** After each test. */
  async clean(): Promise<void> {
    this.proxy.onCommand = () => undefined;
    this.proxy.onConnection = () => {};
    for (const cleanup of this.#cleanups.splice(0).reverse()) await cleanup();
  }

  async stop(): Promise<void> {
    await this.clean();
    await this.proxy.stop();
    await this.server.stop();
  }
}

/** A promise that somebody else keeps. */
export function promise<T = void>(): { kept: Promise<T>; keep: (value: T) => void } {
  let keep!: (value: T) => void;
  const kept = new Promise<T>((resolve) => (keep = resolve));
  return { kept, keep };
}

/** Asks again until it is so: for what only Redis knows. The pause leaves the processor to those who work. */
export async function eventually(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
}
