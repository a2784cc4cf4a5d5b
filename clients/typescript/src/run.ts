import { orAborted } from './wait.js';
import { EventState, type Result } from './state.js';
import type { Status } from './status.js';
import type { Tracker } from './tracker.js';

export interface CallOptions {
  /** Ends the call, not the event. */
  signal?: AbortSignal;
}

/** What a run needs of its client. */
export interface RunClient {
  cancel(request: { eventId: string }, options?: CallOptions): Promise<Run>;
}

/** One event, followed from its entry to its end. */
export class Run {
  readonly #client: RunClient;
  readonly #tracker: Tracker;

  /** @internal Made by the client. */
  constructor(
    client: RunClient,
    tracker: Tracker,
    /** The key that it was sent with; absent of one that was attached to. */
    readonly idempotencyKey?: string,
    /** A reply was lost and the entry was sent again: then a duplicate may be one of our own. */
    readonly resent = false,
  ) {
    this.#client = client;
    this.#tracker = tracker;
  }

  /** The event. Of a duplicate: the one that was accepted before. */
  get eventId(): string {
    return this.#tracker.eventId;
  }

  /** The entry that was sent, or attached to. */
  get sentId(): string {
    return this.#tracker.sentId;
  }

  /** An event with this idempotency key and content was accepted before; this run is that one's. */
  get duplicate(): boolean {
    return this.#tracker.duplicate;
  }

  /** False: not decided yet. The entry is safely in the stream. */
  get accepted(): boolean {
    return this.#tracker.state.accepted !== undefined;
  }

  /**
   * Its statuses from the first one, in order and each once, to its end. Whoever reads too slowly, or after entries were
   * lost, gets the newest state instead, marked `fromSnapshot`.
   */
  async *events(options: CallOptions = {}): AsyncGenerator<Status, void, undefined> {
    const tracker = this.#tracker;
    let seen = new EventState(this.sentId);
    for (let position = 0; ;) {
      const next = tracker.recent(position) ?? { statuses: tracker.state.newerThan(seen), next: tracker.next };
      position = next.next;
      for (const status of next.statuses) {
        options.signal?.throwIfAborted();
        if (status.eventId && status.eventId !== seen.eventId) seen = new EventState(status.eventId);
        seen.apply(status);
        yield status;
      }
      if (position < tracker.next) continue;
      if (tracker.end && 'error' in tracker.end) throw tracker.end.error;
      if (tracker.end) return;
      await orAborted(tracker.changed.next(), options.signal, this.eventId);
    }
  }

  /** Waits for its end. Failed workers are a result, not an error. */
  async wait(options: CallOptions = {}): Promise<Result> {
    const tracker = this.#tracker;
    while (!tracker.end) await orAborted(tracker.changed.next(), options.signal, this.eventId);
    if ('error' in tracker.end) throw tracker.end.error;
    return tracker.end.result;
  }

  /** Sends a cancel of this event. The run returned is that of the cancel; this one ends as its workers end. */
  cancel(options: CallOptions = {}): Promise<Run> {
    return this.#client.cancel({ eventId: this.eventId }, options);
  }
}
