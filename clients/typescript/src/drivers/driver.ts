/**
 * One connection, used until its first failure and then replaced: it never reconnects and never sends a command twice.
 * That is this client's own business, which alone knows what may be repeated.
 */
export interface Connection {
  /** Settles when commands may be sent, or rejects with a ConnectionError or a RedisError. */
  readonly ready: Promise<void>;
  readonly usable: boolean;
  /** Sends one command once. Rejects with a RedisError (a reply) or a ConnectionError (no reply). */
  call(args: readonly string[]): Promise<unknown>;
  /** Closes at once; calls without a reply reject. May be called again. */
  destroy(): void;
}

export interface Driver {
  /** Begins to connect. Replies are those of RESP2: strings, numbers, null and arrays. */
  open(): Connection;
}
