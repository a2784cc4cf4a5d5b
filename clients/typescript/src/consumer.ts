import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Gap } from './cursor.js';
import { ClientClosedError, RedisError } from './errors.js';
import { Group } from './group.js';
import { previousId } from './id.js';
import type { Link } from './link.js';
import type { StreamEntry } from './reply.js';
import { persist } from './retry.js';
import { isOutcome, parseStatus, type StatusEntry } from './status.js';
import { backoff, Change, orLate, sleep } from './wait.js';

export interface HandlerContext {
  /** How often the status was delivered, this time included: more than 1 after a failure. */
  attempt: number;
  /** Aborted when the consumer stops, or another replica has taken the status over. */
  signal: AbortSignal;
}

/** Resolves: the status is handled. Throws: it is delivered again, later, perhaps to another replica. */
export type Handler = (status: StatusEntry, context: HandlerContext) => void | Promise<void>;

export interface ConsumeOptions {
  /** Replicas with the same group share the statuses. */
  group: string;
  /** This replica's name. Default: a new one, so what it leaves unfinished is taken over after claimAfter. */
  consumer?: string;
  /** Which statuses are handled. Default: outcomes of workers. */
  filter?: (status: StatusEntry) => boolean;
  /** Where a new group begins: a cursor, or `start`. Default: now. */
  from?: string;
  /** How many statuses are handled at once. Default: 16. */
  concurrency?: number;
  /** After how long without a sign of life a replica's statuses are taken over, in ms. Default: 60,000. */
  claimAfter?: number;
  /** How long close() waits for handlers that run, in ms. Default: 30,000. */
  drainTimeout?: number;
  /** Statuses were trimmed before the group read them. */
  onGap?: (gap: Gap) => void;
  /** A handler threw. */
  onError?: (error: unknown, status: StatusEntry) => void;
}

const BLOCK_MS = 5000;
/** Read and not acknowledged, for each handler that may run: a bound while all of them fail. */
const READ_AHEAD = 8;

interface Item {
  status: StatusEntry;
  attempt: number;
  stop: AbortController;
}

/**
 *     XREADGROUP, XAUTOCLAIM -> filter -> one queue for each event -> at most `concurrency` handlers -> XACK
 */
export class Consumer {
  /** Resolves when the group exists: what is reported from then on is handled by some replica. */
  readonly ready: Promise<void>;
  /** Resolves when it has stopped; rejects if Redis refuses it for good, e.g. for want of a permission. */
  readonly closed: Promise<void>;
  readonly #group: Group;
  readonly #stop = new AbortController();
  readonly #items = new Map<string, Item>();
  /** The last item of each event: the next one waits for it. */
  readonly #tails = new Map<string, Promise<void>>();
  readonly #running = new Set<Promise<void>>();
  readonly #changed = new Change();
  #active = 0;
  /** A read had no reply: it may have been given entries all the same. */
  #uncertain = false;
  readonly #concurrency: number;
  readonly #claimAfter: number;
  #setReady!: () => void;

  /** @internal Made by the client. */
  constructor(
    private readonly links: { read: Link; command: Link },
    key: string,
    timeout: number,
    private readonly options: ConsumeOptions,
    private readonly handler: Handler,
  ) {
    const consumer = options.consumer ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
    this.#group = new Group(links, key, options.group, consumer, timeout);
    this.#concurrency = Math.max(1, options.concurrency ?? 16);
    this.#claimAfter = options.claimAfter ?? 60_000;
    const isReady = new Promise<void>((resolve) => (this.#setReady = resolve));
    this.closed = this.#run();
    this.closed.catch(() => {});
    this.ready = Promise.race([isReady, this.closed]);
    this.ready.catch(() => {});
  }

  /** Stops reading, waits for handlers that run at most drainTimeout, and leaves the rest to the other replicas. */
  async close(): Promise<void> {
    this.#stop.abort(new ClientClosedError());
    this.#changed.fire();
    this.links.read.close();
    await this.closed.catch(() => {});
  }

  async #run(): Promise<void> {
    const stop = this.#stop.signal;
    const timers = [setInterval(() => this.#keepAll(), this.#claimAfter / 3)];
    try {
      await this.#create();
      if (this.options.consumer) await this.#recover();
      this.#setReady();
      await Promise.all([this.#readLoop(), this.#takeOverLoop()]);
    } catch (error) {
      if (!stop.aborted) throw error;
    } finally {
      this.#stop.abort(new ClientClosedError());
      this.links.read.close();
      await this.#drain();
      timers.forEach(clearInterval);
    }
  }

  /** Waits for handlers; those that were not begun are left to the others. */
  async #drain(): Promise<void> {
    const over = Promise.all(this.#running).then(() => {});
    await orLate(over, this.options.drainTimeout ?? 30_000, () => {});
    for (const item of this.#items.values()) item.stop.abort(new ClientClosedError());
  }

  #create(): Promise<void> {
    const { from = '$' } = this.options;
    return this.#persist(() => this.#group.create(from === 'start' ? '0' : from === 'now' ? '$' : from));
  }

  /** What this consumer was given before it was restarted, or in a reply that was lost. */
  async #recover(): Promise<void> {
    for (let after = '0'; ;) {
      const page = await this.#persist(() => this.#group.pending(after));
      if (page.length === 0) return;
      after = page.at(-1)!.id;
      await this.#add(page, true);
      await this.#room();
    }
  }

  async #readLoop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const room = await this.#room();
      const entries = await this.#persist(() => this.#read(Math.min(room, 256)));
      if (entries.length === 0) continue;
      const gap = await this.#persist(() => this.#group.gapBefore(entries));
      if (gap) this.#gap(gap);
      await this.#add(entries, false);
    }
  }

  async #read(count: number): Promise<StreamEntry[]> {
    if (this.#uncertain) await this.#recover();
    this.#uncertain = false;
    try {
      return await this.#group.read(count, BLOCK_MS);
    } catch (error) {
      this.#uncertain = true;
      if (!(error instanceof RedisError) || error.reply !== 'NOGROUP') throw error;
      await this.#create();
      return [];
    }
  }

  #gap(gap: Gap): void {
    // Errors of the application's own functions must not look like ours.
    queueMicrotask(() => this.options.onGap?.(gap));
  }

  #deleted(id: string): void {
    this.#gap({ kind: 'gap', after: previousId(id), before: nextId(id) });
  }

  async #takeOverLoop(): Promise<void> {
    for (;;) {
      await sleep(this.#claimAfter / 2, this.#stop.signal).catch(() => {});
      if (this.#stop.signal.aborted) return;
      const room = await this.#room();
      const { entries, deleted } = await this.#persist(() =>
        this.#group.takeOver(this.#claimAfter, Math.min(room, 100)),
      );
      deleted.forEach((id) => this.#deleted(id));
      await this.#add(entries, true);
    }
  }

  /** Waits until more may be read, and returns how much. */
  async #room(): Promise<number> {
    const limit = this.#concurrency * READ_AHEAD;
    while (this.#items.size >= limit) {
      this.#stop.signal.throwIfAborted();
      await this.#changed.next();
    }
    return limit - this.#items.size;
  }

  async #add(entries: readonly StreamEntry[], redelivered: boolean): Promise<void> {
    const skipped: string[] = [];
    for (const { id, fields } of entries) {
      if (this.#items.has(id)) continue;
      const status = fields && parseStatus(id, fields);
      const wanted = status && (this.options.filter ?? isOutcomeStatus)(status);
      if (!wanted) {
        skipped.push(id);
        // Without fields: it was trimmed after it was delivered.
        if (!fields) this.#deleted(id);
        continue;
      }
      this.#enqueue({ status, attempt: redelivered ? 0 : 1, stop: new AbortController() });
    }
    if (skipped.length > 0) await this.#persist(() => this.#group.acknowledge(skipped));
  }

  #enqueue(item: Item): void {
    const event = item.status.eventId ?? '';
    this.#items.set(item.status.id, item);
    const turn = (this.#tails.get(event) ?? Promise.resolve()).then(() => this.#handle(item)).catch(() => {});
    const done = turn.finally(() => {
      if (this.#tails.get(event) === done) this.#tails.delete(event);
      this.#items.delete(item.status.id);
      this.#running.delete(done);
      this.#changed.fire();
    });
    this.#tails.set(event, done);
    this.#running.add(done);
  }

  /** Until it is handled, or is another replica's, or the consumer stops. */
  async #handle(item: Item): Promise<void> {
    const { id } = item.status;
    for (let failures = 0; !this.#stop.signal.aborted; failures++) {
      // Delivered before: how often, and is it still ours?
      if (item.attempt === 0) item.attempt = (await this.#persist(() => this.#group.deliveries(id))) ?? 0;
      if (item.attempt === 0 || item.stop.signal.aborted) return;
      if (await this.#try(item)) return void (await this.#acknowledge(id));
      await sleep(backoff(failures + 2, 30_000), this.#stop.signal);
      await this.#persist(() => this.#group.again(id));
      item.attempt = 0;
    }
  }

  /** Also while the consumer stops: what is handled should not be handled again. */
  #acknowledge(id: string): Promise<void> {
    const limit = AbortSignal.timeout(this.options.drainTimeout ?? 30_000);
    return persist(
      () => this.#group.acknowledge([id]),
      this.#stop.signal.aborted ? limit : new AbortController().signal,
    );
  }

  async #try(item: Item): Promise<boolean> {
    while (this.#active >= this.#concurrency) await this.#changed.next();
    this.#stop.signal.throwIfAborted();
    this.#active++;
    try {
      await this.handler(item.status, { attempt: item.attempt, signal: item.stop.signal });
      return true;
    } catch (error) {
      queueMicrotask(() => this.options.onError?.(error, item.status));
      return false;
    } finally {
      this.#active--;
      this.#changed.fire();
    }
  }

  /** Signs of life for all that is read and not acknowledged. */
  #keepAll(): void {
    for (const id of this.#items.keys()) this.#keep(id).catch(() => {});
  }

  async #keep(id: string): Promise<void> {
    const mine = await this.#group.deliveries(id);
    if (mine !== undefined) return this.#group.keep(id);
    // Acknowledged meanwhile, or taken over by a replica that took this one for dead.
    this.#items.get(id)?.stop.abort();
  }

  #persist<T>(action: () => Promise<T>): Promise<T> {
    return persist(action, this.#stop.signal);
  }
}

function isOutcomeStatus(status: StatusEntry): boolean {
  return status.kind === 'worker' && isOutcome(status.state);
}

function nextId(id: string): string {
  const [ms = '0', seq = '0'] = id.split('-');
  return `${ms}-${BigInt(seq) + 1n}`;
}
