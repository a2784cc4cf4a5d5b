import { ConnectionError, messageOf, RedisError } from '../errors.js';
import type { Connection, Driver } from './driver.js';

/** What a node-redis client is told by, so that no types of node-redis are needed without it. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  readonly options?: object;
  duplicate(...args: never[]): unknown;
  sendCommand(...args: never[]): unknown;
}

/** What is used of its duplicates. */
interface Duplicate {
  readonly isReady: boolean;
  sendCommand(args: string[]): Promise<unknown>;
  connect(): Promise<unknown>;
  destroy(): void;
  on(event: string, listener: (error: unknown) => void): unknown;
}

export class NodeRedisDriver implements Driver {
  constructor(private readonly source: NodeRedisClient) {}

  open(): Connection {
    return new NodeRedisConnection(this.source.duplicate(overrides(this.source) as never) as Duplicate);
  }
}

function overrides(source: NodeRedisClient): object {
  const { socket } = (source.options ?? {}) as { socket?: object };
  return {
    // It is the queue of commands that were not written yet: it would send them after a reconnection.
    disableOfflineQueue: true,
    socket: { ...socket, reconnectStrategy: false, socketTimeout: undefined },
    RESP: 2,
    clientSideCache: undefined,
    maintNotifications: 'disabled',
    pingInterval: undefined,
    // Type mappings would change what replies look like, and a timeout would end blocking reads.
    commandOptions: {},
    keyPrefix: undefined,
  };
}

class NodeRedisConnection implements Connection {
  readonly ready: Promise<void>;

  constructor(private readonly client: Duplicate) {
    client.on('error', () => {}); // Each failure rejects a call or the connection too.
    this.ready = client.connect().then(
      () => undefined,
      (error: unknown) => Promise.reject(translate(error, false)),
    );
    this.ready.catch(() => {});
  }

  get usable(): boolean {
    return this.client.isReady;
  }

  async call(args: readonly string[]): Promise<unknown> {
    try {
      return await this.client.sendCommand([...args]);
    } catch (error) {
      throw translate(error, true);
    }
  }

  destroy(): void {
    try {
      this.client.destroy();
    } catch {
      // It throws if it is closed already.
    }
  }
}

/** By name: importing the class would make node-redis a dependency of users of ioredis. */
function isReply(error: Error): boolean {
  for (let type = Object.getPrototypeOf(error); type; type = Object.getPrototypeOf(type)) {
    if (type.constructor?.name === 'ErrorReply') return true;
  }
  return false;
}

function translate(error: unknown, written: boolean): Error {
  if (error instanceof Error && isReply(error)) return new RedisError(error.message);
  return new ConnectionError(messageOf(error), written, error);
}
