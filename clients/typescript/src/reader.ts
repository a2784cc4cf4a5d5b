import type { Gap } from './cursor.js';
import { ClientClosedError } from './errors.js';
import { compareIds } from './id.js';
import type { Link } from './link.js';
import type { StreamEntry } from './reply.js';
import { isTransient } from './retry.js';
import { StatusStream } from './stream.js';
import { backoff, Change, sleep } from './wait.js';

export type ReaderState = { connected: true } | { connected: false; since: Date; error: unknown };

export interface ReaderHooks {
  entry(entry: StreamEntry): void;
  missed(gap: Gap): void;
  state(state: ReaderState): void;
}

/** How many entries are kept for those who join, or follow at their own pace. */
const KEPT = 1024;

/** The one reader of the status stream in a client. It runs while somebody listens. */
export class Reader {
  /** An entry was read, or something was missed. */
  readonly changed = new Change();
  cursor?: string;
  state?: ReaderState;
  /** The newest entries without a gap, all that came after `keptAfter`; the first one is number `first`. */
  #kept: StreamEntry[] = [];
  #keptAfter = '';
  #first = 0;
  #listeners = 0;
  #stop?: AbortController;
  #stopped: Promise<void> = Promise.resolve();
  readonly #stream: StatusStream;

  constructor(
    private readonly link: Link,
    key: string,
    private readonly hooks: ReaderHooks,
    private readonly options: { commandTimeout: number; blockMs: number },
  ) {
    this.#stream = new StatusStream(link, key, options.commandTimeout);
  }

  /** Keeps the reader running until the returned function is called. */
  listen(): () => void {
    if (this.#listeners++ === 0) this.#start();
    let listening = true;
    return () => {
      if (listening && --this.#listeners === 0) this.#halt();
      listening = false;
    };
  }

  /** Resolves once a cursor is known: nothing that is written from then on is missed. */
  async ready(): Promise<void> {
    while (this.cursor === undefined) {
      if (!this.#stop) throw new ClientClosedError();
      if (this.state?.connected === false && !isTransient(this.state.error)) throw this.state.error;
      await this.changed.next();
    }
  }

  async close(): Promise<void> {
    this.#halt();
    await this.#stopped;
  }

  /** The number that the next entry will have. */
  get position(): number {
    return this.#first + this.#kept.length;
  }

  /** Entries from a position on. Undefined: some are not there any more. */
  since(position: number): readonly StreamEntry[] | undefined {
    return position < this.#first ? undefined : this.#kept.slice(position - this.#first);
  }

  /** Entries after an ID. Undefined: this reader does not have them all. */
  after(id: string): readonly StreamEntry[] | undefined {
    if (this.cursor === undefined || compareIds(id, this.#keptAfter) < 0) return undefined;
    const next = this.#kept.findIndex((entry) => compareIds(entry.id, id) > 0);
    if (next < 0) return compareIds(id, this.cursor) > 0 ? undefined : [];
    return this.#kept.slice(next);
  }

  #start(): void {
    this.state = undefined;
    const stop = (this.#stop = new AbortController());
    this.#stopped = this.#stopped.then(() => this.#run(stop.signal));
  }

  #halt(): void {
    this.#stop?.abort();
    this.#stop = undefined;
    this.cursor = undefined;
    this.#reset('');
    this.link.reset(); // Ends the blocking read.
    this.changed.fire();
  }

  /** Never gives up: whoever listens has their own limits. */
  async #run(stop: AbortSignal): Promise<void> {
    for (let failures = 0; !stop.aborted; failures++) {
      try {
        await this.#connect(stop);
        failures = 0;
        while (!stop.aborted) await this.#pass(stop);
      } catch (error) {
        if (stop.aborted) return;
        this.#lost(error);
        await sleep(backoff(failures), stop).catch(() => {});
      }
    }
  }

  async #connect(stop: AbortSignal): Promise<void> {
    if (this.cursor === undefined) {
      const last = await this.#stream.lastId();
      if (stop.aborted) return;
      this.cursor = last;
      this.#reset(last);
    } else this.#take(await this.#stream.check(this.cursor), stop);
    if (stop.aborted) return;
    this.#tell({ connected: true });
    this.changed.fire();
  }

  async #pass(stop: AbortSignal): Promise<void> {
    const batch = await this.#stream.read(this.cursor!, this.options.blockMs);
    if (stop.aborted) return;
    this.#take(batch.entries.length > 0 ? batch : await this.#stream.check(this.cursor!), stop);
  }

  #take(batch: Awaited<ReturnType<StatusStream['read']>>, stop: AbortSignal): void {
    if (stop.aborted) return;
    this.cursor = batch.cursor;
    if (batch.gap) {
      // Whoever is at the gap has to see it: what is kept begins behind it.
      this.#reset(batch.entries[0] ? batch.gap.before : batch.cursor);
      this.hooks.missed(batch.gap);
    }
    for (const entry of batch.entries) {
      this.#keep(entry);
      this.hooks.entry(entry);
    }
    if (batch.gap || batch.entries.length > 0) this.changed.fire();
  }

  #keep(entry: StreamEntry): void {
    this.#kept.push(entry);
    if (this.#kept.length <= KEPT) return;
    this.#keptAfter = this.#kept.shift()!.id;
    this.#first++;
  }

  #reset(after: string): void {
    this.#first += this.#kept.length + 1; // A position from before is not there any more.
    this.#kept = [];
    this.#keptAfter = after;
  }

  #lost(error: unknown): void {
    const since = this.state && !this.state.connected ? this.state.since : new Date();
    this.#tell({ connected: false, since, error });
    this.changed.fire();
  }

  #tell(state: ReaderState): void {
    const before = this.state;
    this.state = state;
    // Each failed try is a state of its own; being connected is told once.
    if (!state.connected || !before?.connected) this.hooks.state(state);
  }
}
