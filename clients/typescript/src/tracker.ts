import { ExpiredError, RejectedError } from './errors.js';
import type { Lookup, LookupResult } from './lookup.js';
import { EventState, type Result } from './state.js';
import type { Status, StatusEntry } from './status.js';
import { Change } from './wait.js';

/** How many statuses a slow listener may be behind before it gets the newest state instead. */
const MAX_BEHIND = 1024;
/** How many entries are kept while a snapshot is read. */
const MAX_WAITING = 1024;

export type End = { result: Result } | { error: Error };

export interface TrackerHooks {
  lookup: Lookup;
  /** The run is that of another event from now on. */
  moved(tracker: Tracker, from: string): void;
  ended(tracker: Tracker): void;
}

/**
 * Follows one event from its entry to its end:
 *
 *     entries in any state -> in order of seq, exactly once -> state -> listeners
 *                     a gap -> snapshot ---^
 */
export class Tracker {
  readonly changed = new Change();
  state: EventState;
  duplicate = false;
  end?: End;
  /** The last statuses; the first one is number `first`. Shared by all listeners, who know their own position. */
  #recent: Status[] = [];
  #first = 0;
  /** Entries that wait for a snapshot. */
  #waiting?: StatusEntry[];
  #overflowed = false;

  constructor(
    private readonly hooks: TrackerHooks,
    readonly sentId: string,
    private readonly type?: string,
    private readonly idempotencyKey?: string,
  ) {
    this.state = new EventState(sentId, type);
  }

  get eventId(): string {
    return this.state.eventId;
  }

  /** Something of the event may have been missed: looks at its snapshot. */
  async missed(): Promise<void> {
    if (this.end) return;
    if (this.#waiting) this.#overflowed = true;
    else await this.#sync();
  }

  feed(entry: StatusEntry): void {
    if (this.end || entry.eventId !== this.eventId) return;
    if (!this.#waiting) return this.#apply(entry);
    this.#waiting.push(entry);
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting = [];
      this.#overflowed = true;
    }
  }

  fail(error: Error): void {
    this.#finish({ error });
  }

  /** Statuses from a position on, and the next position. Undefined: they are not there any more. */
  recent(position: number): { statuses: Status[]; next: number } | undefined {
    if (position < this.#first) return undefined;
    return { statuses: this.#recent.slice(position - this.#first), next: this.next };
  }

  get next(): number {
    return this.#first + this.#recent.length;
  }

  #apply(entry: StatusEntry, afterGap = false): void {
    const closes = entry.kind === 'closed'; // the last one, whatever its number
    if (entry.seq !== undefined && entry.seq <= this.state.seq && !closes) return;
    const gap =
      (entry.seq !== undefined && entry.seq > this.state.seq + 1) || (closes && this.state.lacksOutcomes(entry));
    if (gap && !afterGap) return void this.#sync(entry);
    if (entry.kind === 'rejected') return this.#rejected(entry);
    this.state.apply(entry);
    this.#push(entry);
    if (entry.kind === 'duplicate') this.#duplicateOf(entry.duplicateOf);
    else if (entry.kind === 'closed') this.#finish({ result: this.state.result() });
  }

  #rejected(entry: StatusEntry): void {
    if (this.state.accepted) return;
    const { reason = '', code = '', message = '' } = entry;
    this.#finish({ error: new RejectedError({ eventId: this.eventId, reasonCode: reason, code, message }) });
  }

  #duplicateOf(original: string | undefined): void {
    if (!original) {
      this.duplicate = true;
      return this.#finish({ error: new ExpiredError(this.eventId, 'accepted before; its record is gone') });
    }
    this.#move(original);
    void this.#sync();
  }

  #move(original: string): void {
    const from = this.eventId;
    this.duplicate = true;
    this.state = new EventState(original, this.type);
    this.hooks.moved(this, from);
    this.changed.fire();
  }

  /** Reads the snapshot; meanwhile entries wait. `gap` is the entry before which some are missing. */
  async #sync(gap?: StatusEntry): Promise<void> {
    const waiting: StatusEntry[] = (this.#waiting = []);
    const key = this.eventId === this.sentId ? this.idempotencyKey : undefined;
    let found: LookupResult;
    try {
      found = await this.hooks.lookup(this.eventId, key);
    } catch (error) {
      return this.#finish({ error: error as Error });
    }
    if (this.end) return;
    const later = this.#waiting ?? waiting;
    this.#waiting = undefined;
    if (found.kind === 'snapshot') this.#merge(found.snapshot);
    else if (!gap && this.#resolve(found)) return;
    if (gap && !this.end) this.#apply(gap, true);
    this.#drain(later);
  }

  #merge(snapshot: Parameters<EventState['merge']>[0]): void {
    for (const status of this.state.merge(snapshot)) this.#push(status);
    if (this.state.closed) this.#finish({ result: this.state.result() });
  }

  /** There is no record. Returns whether the run has ended, or is another event's now. */
  #resolve(found: Exclude<LookupResult, { kind: 'snapshot' }>): boolean {
    if (this.state.accepted || found.kind === 'gone') this.#finish({ error: new ExpiredError(this.eventId) });
    else if (found.kind === 'rejected') this.#finish({ error: found.error });
    else if (found.kind === 'duplicate') {
      this.#move(found.of);
      void this.#sync();
    } else return false;
    return true;
  }

  #drain(entries: StatusEntry[]): void {
    const again = this.#overflowed;
    this.#overflowed = false;
    for (const entry of entries) this.feed(entry);
    if (again) void this.missed();
  }

  #push(status: Status): void {
    this.#recent.push(status);
    if (this.#recent.length > MAX_BEHIND) {
      this.#recent.shift();
      this.#first++;
    }
    this.changed.fire();
  }

  #finish(end: End): void {
    if (this.end) return;
    this.end = end;
    this.#waiting = undefined;
    this.hooks.ended(this);
    this.changed.fire();
  }
}
