import { assign, countNames, countsOf, natural, time, type Counts, type WorkerState } from './status.js';
import { BadRecordError } from './errors.js';
import { isEntryId } from './id.js';
import { MAX_WORKERS, parseOutcomes, parseSlots } from './slots.js';

export interface WorkerSnapshot {
  index: number;
  /** 0: it never had a Pod. */
  attempt: number;
  state: WorkerState | (string & {});
  reason?: string;
  exitCode?: number;
  uid?: string;
  node?: string;
  at?: Date;
}

/** What an event's record says: docs/status-stream.md. */
export interface Snapshot {
  eventId: string;
  type: 'scale_up' | 'scale_down' | 'cancel';
  /** Absent of a cancel. */
  podCount?: number;
  /** The status entries up to this one are contained. Absent: written by an older release. */
  seq?: number;
  taskId?: string;
  queue: string;
  /** Of a cancel: the event that it cancels. */
  target?: string;
  template?: string;
  timestamp?: Date;
  idempotencyKey?: string;
  deadlineSeconds?: number;
  traceparent?: string;
  tracestate?: string;
  baggage?: string;
  priority?: string;
  maxParallel?: number;
  startDeadlineSeconds?: number;
  image?: string;
  cpu?: string;
  memory?: string;
  hash?: string;
  acceptedAt?: Date;
  settledAt?: Date;
  closedAt?: Date;
  counts?: Counts;
  /** Those that have, or had, a Pod; once closed all of them, unless an older release closed it. */
  workers?: WorkerSnapshot[];
  /** Of a scale_down: the workers that it took. */
  victims?: { eventId: string; index: number }[];
  metadata?: Record<string, string>;
}

type Fields = Record<string, string>;

const plainTexts = {
  task_id: 'taskId',
  template: 'template',
  idempotency_key: 'idempotencyKey',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  baggage: 'baggage',
  hash: 'hash',
  'm:priority': 'priority',
  'm:image': 'image',
  'm:cpu': 'cpu',
  'm:memory': 'memory',
} as const;
const addedNumbers = { max_parallel: 'maxParallel', start_deadline_seconds: 'startDeadlineSeconds' } as const;
const stamps = { accepted_at: 'acceptedAt', settled: 'settledAt', closed: 'closedAt' } as const;
const notMetadata = new Set(['queue', 'priority', 'image', 'cpu', 'memory']);

/** Throws a BadRecordError: a record is written by Ottoscaler alone, so what cannot be read is no guess. */
export function parseSnapshot(eventId: string, fields: Fields): Snapshot {
  const check = <T>(name: string, value: T | undefined): T => {
    if (value === undefined) throw new BadRecordError(eventId, name, `cannot be read: ${clip(fields[name])}`);
    return value;
  };
  const type = check('type', typeOf(fields['type']));
  const snapshot: Snapshot = { eventId, type, queue: fields['m:queue'] || 'default' };
  for (const [name, to] of Object.entries(plainTexts)) if (fields[name]) snapshot[to] = fields[name];
  for (const [name, to] of Object.entries(stamps)) if (name in fields) snapshot[to] = check(name, time(fields[name]));
  if (type !== 'cancel') snapshot.podCount = check('pod_count', natural(fields['pod_count'], MAX_WORKERS) || undefined);
  if ('seq' in fields) snapshot.seq = check('seq', natural(fields['seq']) || undefined);
  assign(snapshot, 'deadlineSeconds', natural(fields['deadline_seconds']));
  assign(snapshot, 'timestamp', sentTime(fields['timestamp']));
  addMetadata(snapshot, fields);
  addCounts(snapshot, fields, check);
  if (type === 'cancel' && 'm:event_id' in fields) snapshot.target = check('m:event_id', target(fields['m:event_id']));
  if (type === 'scale_up') addWorkers(snapshot, fields, check);
  if (type === 'scale_down' && fields['victims'])
    snapshot.victims = check('victims', parseVictims(fields['victims'], snapshot.podCount!));
  return snapshot;
}

type Check = <T>(name: string, value: T | undefined) => T;

function typeOf(text: string | undefined): Snapshot['type'] | undefined {
  return text === 'scale_up' || text === 'scale_down' || text === 'cancel' ? text : undefined;
}

function target(text: string | undefined): string | undefined {
  return text && isEntryId(text) ? text : undefined;
}

function clip(text: string | undefined): string {
  return text === undefined ? 'missing' : JSON.stringify(text.slice(0, 64));
}

/** As it was sent: RFC 3339, Unix seconds, or milliseconds of 13 digits. */
function sentTime(text: string | undefined): Date | undefined {
  const number = natural(text);
  if (number === undefined) return time(text);
  const date = new Date(text!.length === 13 ? number : number * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function addMetadata(snapshot: Snapshot, fields: Fields): void {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (!name.startsWith('m:')) continue;
    const key = name.slice(2);
    const to = addedNumbers[key as keyof typeof addedNumbers];
    const number = to && natural(value);
    if (number) snapshot[to] = number;
    else if (!notMetadata.has(key) && !(key === 'event_id' && snapshot.type === 'cancel')) metadata[key] = value;
  }
  if (Object.keys(metadata).length > 0) snapshot.metadata = metadata;
}

function addCounts(snapshot: Snapshot, fields: Fields, check: Check): void {
  const names = countNames.map((name) => `n_${name}`);
  if (!names.some((name) => name in fields)) return;
  snapshot.counts = countsOf(
    names.map((name) => (name in fields ? check(name, natural(fields[name], MAX_WORKERS)) : 0)),
  );
}

function addWorkers(snapshot: Snapshot, fields: Fields, check: Check): void {
  let workers: WorkerSnapshot[] = [];
  if (!snapshot.closedAt) workers = parseSlots(fields, snapshot.podCount!, check);
  else if ('outcomes' in fields) workers = check('outcomes', parseOutcomes(fields['outcomes']!, snapshot.podCount!));
  if (workers.length > 0) snapshot.workers = workers;
}

function parseVictims(text: string, podCount: number): Snapshot['victims'] {
  const victims = [];
  for (const part of text.split(' ', podCount + 1)) {
    const [eventId = '', slot, ...rest] = part.split('/');
    const index = natural(slot, MAX_WORKERS);
    if (!isEntryId(eventId) || !index || rest.length > 0) return undefined;
    victims.push({ eventId, index });
  }
  return victims.length > podCount ? undefined : victims;
}
