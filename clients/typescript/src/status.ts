export type Outcome = 'succeeded' | 'failed' | 'cancelled' | 'lost';
export type WorkerState = 'created' | 'running' | 'retrying' | Outcome;
export type StatusKind =
  | 'accepted'
  | 'duplicate'
  | 'rejected'
  | 'worker'
  | 'settled'
  | 'waiting'
  | 'scaled_down'
  | 'cancelling'
  | 'closed'
  | 'paused'
  | 'resumed';

/** Later releases may add kinds and states: those are passed on as they are. */
type Open<T extends string> = T | (string & {});

export interface Counts {
  succeeded: number;
  failed: number;
  cancelled: number;
  lost: number;
}

/** One entry of the status stream. docs/status-stream.md says which kinds have which fields. */
export interface Status {
  /** The entry's ID on the status stream: the cursor to save. Absent if it was made from a snapshot. */
  id?: string;
  /** '' if the entry has none. */
  kind: Open<StatusKind>;
  eventId?: string;
  taskId?: string;
  /** 1, 2, 3 … for one event. Absent if it was made from a snapshot, or is of an older release. */
  seq?: number;
  at?: Date;
  queue?: string;
  /** The worker's name. */
  worker?: string;
  /** Which worker, from 1. */
  index?: number;
  /** Which Pod of the worker, from 1. */
  attempt?: number;
  state?: Open<WorkerState>;
  reason?: string;
  code?: string;
  message?: string;
  hint?: string;
  exitCode?: number;
  container?: string;
  pod?: string;
  namespace?: string;
  node?: string;
  by?: string;
  /** Of an outcome: the scale_down or cancel that took the worker. */
  byEvent?: string;
  duplicateOf?: string;
  createdAt?: Date;
  startedAt?: Date;
  endedAt?: Date;
  asked?: number;
  taken?: number;
  waiting?: number;
  withPod?: number;
  /** Of `closed`. */
  counts?: Counts;
  /** Entries were missed: this is what the event's snapshot says instead. */
  fromSnapshot: boolean;
  /** The entry as it was read, with the fields that this client does not know. Empty if made from a snapshot. */
  fields: Readonly<Record<string, string>>;
}

/** A status that was read from the stream. */
export type StatusEntry = Status & { id: string };

const outcomes: ReadonlySet<string> = new Set(['succeeded', 'failed', 'cancelled', 'lost']);

export function isOutcome(state: string | undefined): state is Outcome {
  return state !== undefined && outcomes.has(state);
}

const texts = {
  event_id: 'eventId',
  task_id: 'taskId',
  queue: 'queue',
  worker: 'worker',
  state: 'state',
  reason: 'reason',
  code: 'code',
  message: 'message',
  hint: 'hint',
  container: 'container',
  pod: 'pod',
  namespace: 'namespace',
  node: 'node',
  by: 'by',
  by_event: 'byEvent',
  duplicate_of: 'duplicateOf',
} as const;
const numbers = {
  seq: 'seq',
  index: 'index',
  attempt: 'attempt',
  n_asked: 'asked',
  n_taken: 'taken',
  n_waiting: 'waiting',
  n_with_pod: 'withPod',
} as const;
const times = { at: 'at', created_at: 'createdAt', started_at: 'startedAt', ended_at: 'endedAt' } as const;

export function parseStatus(id: string, fields: Record<string, string>): StatusEntry {
  const status: StatusEntry = { id, kind: fields['kind'] ?? '', fromSnapshot: false, fields };
  for (const [name, to] of Object.entries(texts)) if (fields[name]) status[to] = fields[name];
  for (const [name, to] of Object.entries(numbers)) assign(status, to, natural(fields[name]));
  for (const [name, to] of Object.entries(times)) assign(status, to, time(fields[name]));
  assign(status, 'exitCode', exitCode(fields['exit_code']));
  // Both count from 1: a zero is no answer.
  if (!status.seq) delete status.seq;
  if (!status.index) delete status.index;
  const counts = countNames.map((name) => natural(fields[`n_${name}`]));
  if (counts.some((count) => count !== undefined)) status.counts = countsOf(counts);
  return status;
}

/** An optional field that is not known is absent, not undefined: so it is in JSON. */
export function assign<T, K extends keyof T>(to: T, name: K, value: T[K] | undefined): void {
  if (value !== undefined) to[name] = value;
}

export const countNames = ['succeeded', 'failed', 'cancelled', 'lost'] as const;

/** Counts in the order of countNames; what is missing is 0. */
export function countsOf(counts: readonly (number | undefined)[]): Counts {
  const [succeeded = 0, failed = 0, cancelled = 0, lost = 0] = counts;
  return { succeeded, failed, cancelled, lost };
}

/** ASCII digits without sign, leading zero or fraction, at most 2^53-1. */
export function natural(text: string | undefined, limit = Number.MAX_SAFE_INTEGER): number | undefined {
  if (text === undefined || !/^(0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  return Number(text) <= limit ? Number(text) : undefined;
}

/** 32 bits: programs of Windows end with negative ones. */
export function exitCode(text: string | undefined): number | undefined {
  if (text === undefined || !/^(0|-?[1-9][0-9]{0,9})$/.test(text)) return undefined;
  return Number(text) === (Number(text) | 0) ? Number(text) : undefined;
}

const RFC3339 = /^\d{4}-\d\d-(\d\d)T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Date alone would take many other forms, and 30 February for 2 March. */
export function time(text: string | undefined): Date | undefined {
  const day = RFC3339.exec(text ?? '')?.[1];
  if (!text || !day) return undefined;
  const date = new Date(text);
  const local = new Date(text.slice(0, 19) + 'Z');
  return Number.isNaN(date.getTime()) || local.getUTCDate() !== Number(day) ? undefined : date;
}
