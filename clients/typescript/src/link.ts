import type { Connection, Driver } from './drivers/driver.js';
import { ClientClosedError, ConnectionError, RedisError } from './errors.js';
import { orLate } from './wait.js';

/** Replies of a server that this connection had better not be used with again. */
const LEAVE = new Set(['LOADING', 'READONLY', 'MASTERDOWN', 'NOAUTH']);

/** One connection at a time: opened when a call needs it, dropped at the first error. */
export class Link {
  #connection?: Connection;
  #closed = false;

  constructor(
    private readonly driver: Driver,
    private readonly connectTimeout: number,
  ) {}

  /** Sends one command once and waits for its reply at most timeout ms. */
  async call(args: readonly string[], timeout: number): Promise<unknown> {
    const [reply] = await this.callAll([args], timeout);
    return reply;
  }

  /** Sends the commands in one go. Rejects with the first error. */
  async callAll(commands: readonly (readonly string[])[], timeout: number): Promise<unknown[]> {
    const connection = await this.#open(timeout);
    const replies = Promise.all(commands.map((args) => connection.call(args)));
    try {
      return await orLate(replies, timeout, () => {
        throw new ConnectionError(`no reply to ${commands[0]?.[0]} within ${timeout} ms`, true);
      });
    } catch (error) {
      if (!(error instanceof RedisError) || LEAVE.has(error.reply)) this.#drop(connection);
      throw this.#closed ? new ClientClosedError() : error;
    }
  }

  close(): void {
    this.#closed = true;
    this.reset();
  }

  /** Calls without a reply reject; the next call connects again. */
  reset(): void {
    if (this.#connection) this.#drop(this.#connection);
  }

  async #open(timeout: number): Promise<Connection> {
    if (this.#closed) throw new ClientClosedError();
    let connection = this.#connection;
    // Not usable after it was ready: it broke while nobody called.
    if (!connection || (this.#wasReady.has(connection) && !connection.usable)) {
      if (connection) this.#drop(connection);
      connection = this.#connection = this.driver.open();
    }
    const limit = Math.min(this.connectTimeout, timeout);
    try {
      await orLate(connection.ready, limit, () => {
        throw new ConnectionError(`not connected within ${limit} ms`, false);
      });
    } catch (error) {
      this.#drop(connection);
      throw this.#closed ? new ClientClosedError() : error;
    }
    if (this.#closed) throw new ClientClosedError();
    this.#wasReady.add(connection);
    return connection;
  }

  readonly #wasReady = new WeakSet<Connection>();

  #drop(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
    connection.destroy();
  }
}
