import type { Snapshot } from './snapshot.js';
import { assign, isOutcome, type Counts, type Status } from './status.js';

export interface WorkerResult {
  index: number;
  attempt: number;
  state: string;
  reason?: string;
  exitCode?: number;
  /** The last lines of its log if it failed; its result (the termination message) if it succeeded. */
  message?: string;
  pod?: string;
  node?: string;
  container?: string;
  startedAt?: Date;
  endedAt?: Date;
}

export interface Result {
  eventId: string;
  taskId?: string;
  /** Of a run: nothing failed, was cancelled or lost. Of a scale_down or cancel: true. */
  ok: boolean;
  /** Of a scale_down or cancel: of the workers that it took. */
  counts: Counts;
  /** Sorted by index. Empty of a scale_down or cancel, and if only the counts are known. */
  workers: WorkerResult[];
}

const kept = ['pod', 'node', 'container', 'startedAt', 'endedAt'] as const;
const placing = { scale_up: 'settled', scale_down: 'scaled_down', cancel: 'cancelling' } as const;

/** What is known of one event. Pure: statuses and snapshots in, statuses out. */
export class EventState {
  seq = 0;
  accepted?: Status;
  /** settled, scaled_down or cancelling. */
  placed?: Status;
  closed?: Status;
  /** The last status of each worker, with what earlier ones of the same attempt said. */
  readonly workers = new Map<number, Status>();
  #taskId?: string;

  constructor(
    readonly eventId: string,
    private type?: string,
  ) {}

  apply(status: Status): void {
    this.seq = status.seq ?? this.seq;
    this.#taskId = status.taskId ?? this.#taskId;
    if (status.kind === 'accepted') this.accepted = status;
    else if (status.kind === 'worker') this.#applyWorker(status);
    else if (status.kind === 'closed') this.closed = status;
    else if (Object.values(placing).some((kind) => kind === status.kind)) this.placed = status;
  }

  #applyWorker(status: Status): void {
    if (status.index === undefined) return;
    const before = this.workers.get(status.index);
    const now = { ...status };
    if (before && before.attempt === status.attempt)
      for (const name of kept) assign<Status, typeof name>(now, name, status[name] ?? before[name]);
    this.workers.set(status.index, now);
  }

  /** Applies the snapshot and returns the statuses that stand for what was missed. */
  merge(snapshot: Snapshot): Status[] {
    if (snapshot.seq !== undefined && snapshot.seq < this.seq && !snapshot.closedAt) return [];
    this.type = snapshot.type;
    const missed = this.#missedIn(snapshot);
    for (const status of missed) this.apply(status);
    this.seq = snapshot.seq ?? this.seq;
    return missed;
  }

  #missedIn(snapshot: Snapshot): Status[] {
    const base = { eventId: this.eventId, fromSnapshot: true, fields: {} };
    const missed: Status[] = [];
    const add = (status: Partial<Status> & { kind: string }) => {
      const made: Status = { ...base, ...status };
      assign(made, 'taskId', snapshot.taskId);
      assign(made, 'queue', snapshot.queue);
      missed.push(made);
    };
    if (!this.accepted) add(at('accepted', snapshot.acceptedAt));
    for (const { uid: _uid, ...worker } of snapshot.workers ?? [])
      if (differs(this.workers.get(worker.index), worker)) add({ kind: 'worker', ...worker });
    if (!this.placed && snapshot.settledAt) add(at(placing[snapshot.type], snapshot.settledAt));
    if (!this.closed && snapshot.closedAt) {
      const closed = at('closed', snapshot.closedAt);
      assign(closed, 'counts', snapshot.counts);
      add(closed);
    }
    return missed;
  }

  /** For a listener that fell behind: the newest statuses that `seen` does not have. */
  newerThan(seen: EventState): Status[] {
    const newer: Status[] = [];
    if (this.accepted && !seen.accepted) newer.push(this.accepted);
    for (const index of [...this.workers.keys()].sort((a, b) => a - b)) {
      const worker = this.workers.get(index)!;
      if (differs(seen.workers.get(index), worker)) newer.push(worker);
    }
    if (this.placed && !seen.placed) newer.push(this.placed);
    if (this.closed && !seen.closed) newer.push(this.closed);
    return newer.map(({ id: _id, seq: _seq, ...status }) => ({ ...status, fromSnapshot: true }));
  }

  result(): Result {
    const counts = this.closed?.counts ?? { succeeded: 0, failed: 0, cancelled: 0, lost: 0 };
    const scaleUp = this.#isScaleUp;
    const ok = !scaleUp || counts.failed + counts.cancelled + counts.lost === 0;
    const result: Result = { eventId: this.eventId, ok, counts, workers: scaleUp ? this.#outcomes() : [] };
    assign(result, 'taskId', this.#taskId);
    return result;
  }

  /**
   * Whether `closed` counts outcomes of a scale_up that are not known: Redis lost writes, and numbers that were read before came
   * again.
   */
  lacksOutcomes(closed: Status): boolean {
    if (!this.#isScaleUp || !closed.counts) return false;
    const { succeeded, failed, cancelled, lost } = closed.counts;
    return this.#outcomes().length < succeeded + failed + cancelled + lost;
  }

  get #isScaleUp(): boolean {
    if (this.type) return this.type === 'scale_up';
    return this.placed?.kind !== 'scaled_down' && this.placed?.kind !== 'cancelling';
  }

  #outcomes(): WorkerResult[] {
    return [...this.workers.values()]
      .filter((status) => isOutcome(status.state))
      .map(workerResult)
      .sort((a, b) => a.index - b.index);
  }
}

function at(kind: string, time: Date | undefined): Partial<Status> & { kind: string } {
  return time ? { kind, at: time } : { kind };
}

/** Nothing follows an outcome. */
function differs(known: Status | undefined, worker: { attempt?: number; state?: string }): boolean {
  if (!known) return true;
  return !isOutcome(known.state) && (known.attempt !== worker.attempt || known.state !== worker.state);
}

function workerResult(status: Status): WorkerResult {
  const worker: WorkerResult = { index: status.index!, attempt: status.attempt ?? 1, state: status.state! };
  for (const name of ['reason', 'exitCode', 'message', ...kept] as const)
    assign<WorkerResult, typeof name>(worker, name, status[name]);
  return worker;
}
