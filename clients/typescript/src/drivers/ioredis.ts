import { ConnectionError, messageOf, RedisError } from '../errors.js';
import type { Connection, Driver } from './driver.js';

/** What an ioredis client is told by, so that no types of ioredis are needed without it. */
export interface IoredisClient {
  readonly status: string;
  duplicate(...args: never[]): unknown;
  call(...args: never[]): unknown;
}

/** What is used of its duplicates. */
interface Duplicate {
  readonly status: string;
  call(command: string, ...args: string[]): Promise<unknown>;
  connect(): Promise<unknown>;
  disconnect(reconnect?: boolean): void;
  on(event: string, listener: (error: unknown) => void): unknown;
}

const overrides = {
  lazyConnect: true,
  // By default a command whose reply was lost is sent again, and an XADD then has two entries. With
  // autoResendUnfulfilledCommands: false it would be sent once, but its promise would never settle.
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
  reconnectOnError: null,
  enableOfflineQueue: false,
  // The check would need the permission for INFO; LOADING is handled where commands are repeated.
  enableReadyCheck: false,
  enableAutoPipelining: false,
  // Deadlines are ours: a blocking read is not a command that takes too long.
  commandTimeout: undefined,
  blockingTimeout: undefined,
  socketTimeout: undefined,
  // The keys are those of the stream, which has its prefix in its name.
  keyPrefix: '',
  protocol: 2,
};

export class IoredisDriver implements Driver {
  constructor(private readonly source: IoredisClient) {}

  open(): Connection {
    return new IoredisConnection(this.source.duplicate(overrides as never) as Duplicate);
  }
}

class IoredisConnection implements Connection {
  readonly ready: Promise<void>;
  /** connect() rejects with "Connection is closed."; what happened is in the event before. */
  #lastError: unknown;

  constructor(private readonly client: Duplicate) {
    client.on('error', (error) => (this.#lastError = error));
    this.ready = client.connect().then(
      () => undefined,
      (error: unknown) => Promise.reject(translate(this.#lastError ?? error, false)),
    );
    this.ready.catch(() => {});
  }

  get usable(): boolean {
    return this.client.status === 'ready';
  }

  async call(args: readonly string[]): Promise<unknown> {
    const [command = '', ...rest] = args;
    try {
      return await this.client.call(command, ...rest);
    } catch (error) {
      throw translate(error, true);
    }
  }

  destroy(): void {
    this.client.disconnect(false);
  }
}

function translate(error: unknown, written: boolean): Error {
  if (error instanceof Error && error.name === 'ReplyError') return new RedisError(error.message);
  return new ConnectionError(messageOf(error), written, error);
}
