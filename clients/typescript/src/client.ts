import { Consumer, type ConsumeOptions, type Handler } from './consumer.js';
import type { Gap } from './cursor.js';
import { driverOf, type RedisSource } from './drivers/index.js';
import { ClientClosedError, ConnectionError, ContactLostError, SendError } from './errors.js';
import { follow } from './follow.js';
import { isEntryId, ZERO_ID } from './id.js';
import { Keys } from './keys.js';
import { Link } from './link.js';
import { lookup, type Call } from './lookup.js';
import { Reader, type ReaderState } from './reader.js';
import {
  cancelEntry,
  runEntry,
  scaleDownEntry,
  type CancelRequest,
  type EntryFields,
  type RunRequest,
  type ScaleDownRequest,
} from './request.js';
import { persist, send } from './retry.js';
import { Run, type CallOptions } from './run.js';
import type { Snapshot } from './snapshot.js';
import { parseStatus, type StatusEntry } from './status.js';
import { StatusStream } from './stream.js';
import { Tracker } from './tracker.js';
import { orAborted, orLate } from './wait.js';

export interface OttoscalerOptions {
  /** A client of ioredis or node-redis. It is the model of the connections that are made; it is not used itself. */
  redis: RedisSource;
  /** The stream's whole name, with any prefix. Default: `otto:scale:events`. */
  stream?: string;
  /** How long to try to send, or to read a snapshot, in ms. Default: 30,000. */
  sendTimeout?: number;
  /** How long run() waits to hear whether the event is accepted, in ms. Default: 5,000. */
  acceptTimeout?: number;
  /** How long to wait for one reply of Redis, in ms. Default: 5,000. */
  commandTimeout?: number;
  /** How long to wait for one connection to Redis, in ms. Default: 5,000. */
  connectTimeout?: number;
  /** After how long without contact wait() and events() fail, in ms. Default: never. */
  contactTimeout?: number;
  /** Called when the reader of the status stream is connected, and for each try that failed. */
  onState?: (state: ReaderState) => void;
}

export interface FollowOptions extends CallOptions {
  /** The `id` of the last status that was handled, `now` (the default), or `start`: the oldest that is there. */
  from?: string;
}

const BLOCK_MS = 5000;

type Timeouts = Required<
  Pick<OttoscalerOptions, 'sendTimeout' | 'acceptTimeout' | 'commandTimeout' | 'connectTimeout'>
>;

export class Ottoscaler {
  readonly stream: string;
  readonly #keys: Keys;
  readonly #timeouts: Timeouts;
  readonly #options: OttoscalerOptions;
  /** For commands; the reader and each consumer have their own, which are blocked most of the time. */
  readonly #link: Link;
  readonly #newLink: () => Link;
  readonly #readLink: Link;
  readonly #reader: Reader;
  readonly #status: StatusStream;
  readonly #trackers = new Map<string, Set<Tracker>>();
  readonly #releases = new WeakMap<Tracker, () => void>();
  readonly #consumers = new Set<Consumer>();
  readonly #closed = new AbortController();
  #contactTimer?: NodeJS.Timeout;

  constructor(options: OttoscalerOptions) {
    const { sendTimeout = 30_000, acceptTimeout = 5000, commandTimeout = 5000, connectTimeout = 5000 } = options;
    this.#options = options;
    this.#timeouts = { sendTimeout, acceptTimeout, commandTimeout, connectTimeout };
    this.#keys = new Keys((this.stream = options.stream ?? 'otto:scale:events'));
    const driver = driverOf(options.redis);
    this.#newLink = () => new Link(driver, connectTimeout);
    this.#link = this.#newLink();
    this.#readLink = this.#newLink();
    this.#status = new StatusStream(this.#link, this.#keys.status, commandTimeout);
    this.#reader = new Reader(
      this.#readLink,
      this.#keys.status,
      {
        entry: ({ id, fields }) => this.#entry(id, fields ?? {}),
        missed: () => this.#eachTracker((tracker) => void tracker.missed()),
        state: (state) => this.#state(state),
      },
      { commandTimeout, blockMs: BLOCK_MS },
    );
  }

  /** How the reader of the status stream is. Undefined: it was not needed yet. */
  get state(): ReaderState | undefined {
    return this.#reader.state;
  }

  /**
   * Starts workers. Rejects with a RejectedError if Ottoscaler rejects the event within acceptTimeout, with a SendError if
   * it may not have been sent.
   */
  run(request: RunRequest, options: CallOptions = {}): Promise<Run> {
    return this.#submit(() => runEntry(request), options);
  }

  /** Takes workers away. The run returned is that of the scale_down. */
  scaleDown(request: ScaleDownRequest, options: CallOptions = {}): Promise<Run> {
    return this.#submit(() => scaleDownEntry(request), options);
  }

  /** Cancels an event, or all events of a task. The run returned is that of the cancel. */
  cancel(request: CancelRequest, options: CallOptions = {}): Promise<Run> {
    return this.#submit(() => cancelEntry(request), options);
  }

  /** Follows an event that was sent before, perhaps by another process. */
  async attach(eventId: string, options: CallOptions = {}): Promise<Run> {
    if (!isEntryId(eventId)) throw new TypeError(`eventId is not the ID of an entry: ${eventId}`);
    this.#assertOpen();
    const tracker = this.#track(eventId);
    try {
      await this.#inTime(this.#reader.ready(), options.signal);
      await this.#inTime(tracker.missed(), options.signal);
    } catch (error) {
      tracker.fail(error as Error);
      throw error;
    }
    return new Run(this, tracker);
  }

  /** All statuses of all events, from a cursor on. A gap tells that some are not there any more. */
  async *follow(options: FollowOptions = {}): AsyncGenerator<StatusEntry | Gap, void, undefined> {
    const { from = 'now', signal } = options;
    if (from !== 'now' && from !== 'start' && !isEntryId(from)) throw new TypeError(`from is no cursor: ${from}`);
    this.#assertOpen();
    const release = this.#reader.listen();
    try {
      await orAborted(this.#reader.ready(), signal);
      const cursor = from === 'now' ? this.#reader.cursor! : from === 'start' ? ZERO_ID : from;
      yield* follow(this.#reader, this.#status, cursor, this.#closed.signal, signal);
    } finally {
      release();
    }
  }

  /** Shares the statuses with other processes of the same group, so that one of them handles each. */
  consume(options: ConsumeOptions, handler: Handler): Consumer {
    this.#assertOpen();
    const { commandTimeout } = this.#timeouts;
    const links = { read: this.#newLink(), command: this.#link };
    const consumer = new Consumer(links, this.#keys.status, commandTimeout, options, handler);
    this.#consumers.add(consumer);
    void consumer.closed.finally(() => this.#consumers.delete(consumer));
    return consumer;
  }

  /** What Redis has of the event now. Undefined: nothing yet, or nothing any more. */
  async snapshot(eventId: string, options: CallOptions = {}): Promise<Snapshot | undefined> {
    this.#assertOpen();
    const found = await this.#inTime(this.#lookup(eventId), options.signal);
    return found.kind === 'snapshot' ? found.snapshot : undefined;
  }

  /** Stops reading, waits for handlers that run, and closes all connections. Events go on. */
  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort(new ClientClosedError());
    clearTimeout(this.#contactTimer);
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#eachTracker((tracker) => tracker.fail(new ClientClosedError()));
    await this.#reader.close();
    this.#readLink.close();
    this.#link.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #submit(makeEntry: () => EntryFields, { signal }: CallOptions): Promise<Run> {
    this.#assertOpen();
    const fields = makeEntry();
    const key = fields.idempotency_key!;
    const deadline = performance.now() + this.#timeouts.sendTimeout;
    // Listening before sending: nothing of the event is missed.
    const release = this.#reader.listen();
    try {
      await this.#contactBefore(deadline, key, signal);
      const position = this.#reader.position;
      const limits = { deadline, commandTimeout: this.#timeouts.commandTimeout, ...(signal && { signal }) };
      const { id, resent } = await send(this.#link, this.stream, fields, limits);
      const tracker = this.#track(id, fields.type, key);
      this.#replay(tracker, position);
      await this.#verdict(tracker, signal);
      return new Run(this, tracker, key, resent);
    } finally {
      release();
    }
  }

  #inTime<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
    promise.catch(() => {}); // It may still fail after the limit.
    return orLate(orAborted(promise, signal), this.#timeouts.sendTimeout, () => {
      throw new ConnectionError(`no answer of Redis within ${this.#timeouts.sendTimeout} ms`, false);
    });
  }

  #contactBefore(deadline: number, key: string, signal?: AbortSignal): Promise<void> {
    return orLate(orAborted(this.#reader.ready(), signal), Math.max(deadline - performance.now(), 0), () => {
      const state = this.#reader.state;
      throw new SendError(key, false, state?.connected === false ? state.error : 'no contact with Redis in time');
    });
  }

  /** Entries of the event that were read before its ID was known. */
  #replay(tracker: Tracker, position: number): void {
    const early = this.#reader.since(position);
    if (!early) return void tracker.missed();
    for (const { id, fields } of early)
      if (fields?.['event_id'] === tracker.eventId) tracker.feed(parseStatus(id, fields));
  }

  async #verdict(tracker: Tracker, signal?: AbortSignal): Promise<void> {
    const decided = async () => {
      while (!tracker.end && !tracker.duplicate && !tracker.state.accepted) await tracker.changed.next();
    };
    await orLate(orAborted(decided(), signal, tracker.sentId), this.#timeouts.acceptTimeout, () => {});
    if (tracker.end && 'error' in tracker.end && tracker.end.error.name === 'RejectedError') throw tracker.end.error;
    this.#assertOpen();
  }

  #track(eventId: string, type?: string, key?: string): Tracker {
    const hooks = {
      lookup: (id: string, itsKey?: string) => this.#lookup(id, itsKey),
      moved: (moving: Tracker, from: string) => {
        this.#unregister(moving, from);
        this.#register(moving);
      },
      ended: (ended: Tracker) => {
        this.#unregister(ended, ended.eventId);
        this.#releases.get(ended)?.();
      },
    };
    const tracker = new Tracker(hooks, eventId, type, key);
    this.#releases.set(tracker, this.#reader.listen());
    this.#register(tracker);
    return tracker;
  }

  #register(tracker: Tracker): void {
    const same = this.#trackers.get(tracker.eventId) ?? new Set();
    this.#trackers.set(tracker.eventId, same.add(tracker));
  }

  #unregister(tracker: Tracker, eventId: string): void {
    const same = this.#trackers.get(eventId);
    same?.delete(tracker);
    if (same?.size === 0) this.#trackers.delete(eventId);
  }

  #lookup(eventId: string, key?: string) {
    const call: Call = (...commands) => this.#link.callAll(commands, this.#timeouts.commandTimeout);
    return persist(() => lookup(call, this.#keys, eventId, key), this.#closed.signal);
  }

  #entry(id: string, fields: Record<string, string>): void {
    const trackers = this.#trackers.get(fields['event_id'] ?? '');
    if (!trackers) return;
    const status = parseStatus(id, fields);
    for (const tracker of [...trackers]) tracker.feed(status);
  }

  #eachTracker(action: (tracker: Tracker) => void): void {
    for (const trackers of [...this.#trackers.values()]) for (const tracker of [...trackers]) action(tracker);
  }

  #state(state: ReaderState): void {
    const { contactTimeout, onState } = this.#options;
    if (state.connected) {
      clearTimeout(this.#contactTimer);
      this.#contactTimer = undefined;
    } else if (contactTimeout !== undefined && Number.isFinite(contactTimeout) && !this.#contactTimer) {
      const lost = () => this.#eachTracker((tracker) => tracker.fail(new ContactLostError(state.since)));
      this.#contactTimer = setTimeout(lost, contactTimeout);
    }
    // Its errors are the application's, and must not look like those of the connection.
    if (onState) queueMicrotask(() => onState(state));
  }

  #assertOpen(): void {
    if (this.#closed.signal.aborted) throw new ClientClosedError();
  }
}
