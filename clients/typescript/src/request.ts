import { randomUUID } from 'node:crypto';
import { InvalidRequestError } from './errors.js';
import { entryFields, metadataMaxLength, rules, type StreamEntryFields } from './generated/stream-entry.js';
import { isEntryId } from './id.js';

/** What every kind of event may have. */
interface CommonRequest {
  taskId?: string;
  queue?: string;
  /** The same key and content again starts nothing and is a duplicate. Default: a new UUID. */
  idempotencyKey?: string;
  /** When the event was made. Default: when it is sent. */
  timestamp?: Date;
  /** Further fields for the workers: at most 16, values of 1 KiB. */
  metadata?: Record<string, string>;
}

/** docs/stream-entry.md says what each field does. Empty texts and zeros are not sent. */
export interface RunRequest extends CommonRequest {
  /** How many workers to start. */
  workers: number;
  priority?: string;
  maxParallel?: number;
  startDeadlineSeconds?: number;
  deadlineSeconds?: number;
  template?: string;
  image?: string;
  cpu?: string;
  memory?: string;
  traceparent?: string;
  tracestate?: string;
  baggage?: string;
}

export interface ScaleDownRequest extends CommonRequest {
  /** How many workers to take away: of the task, if there is a taskId. */
  workers: number;
}

/** Either an event or a task. */
export interface CancelRequest extends CommonRequest {
  eventId?: string;
}

export type EntryFields = StreamEntryFields & Record<string, string>;

const reasons: Record<string, string> = {
  type: 'invalid_type',
  pod_count: 'invalid_pod_count',
  task_id: 'invalid_task_id',
  timestamp: 'invalid_timestamp',
  idempotency_key: 'invalid_idempotency_key',
  deadline_seconds: 'invalid_deadline',
  queue: 'invalid_queue',
  priority: 'invalid_priority',
  max_parallel: 'invalid_max_parallel',
  start_deadline_seconds: 'invalid_start_deadline',
  image: 'override_not_allowed',
  cpu: 'override_not_allowed',
  memory: 'override_not_allowed',
  event_id: 'invalid_cancel',
};

/** These came later than the others: an earlier release takes them for metadata, so they count as such. */
const countAsMetadata = new Set(
  'queue priority max_parallel start_deadline_seconds image cpu memory event_id'.split(' '),
);
const MAX_METADATA_FIELDS = 16;
const MAX_METADATA_NAME = 64;
const MAX_METADATA_BYTES = 8 << 10;
const MAX_ENTRY_BYTES = 64 << 10;

export function runEntry(request: RunRequest): EntryFields {
  const fields = start('scale_up', request);
  setNumber(fields, 'pod_count', request.workers);
  setText(fields, 'priority', request.priority);
  setNumber(fields, 'max_parallel', request.maxParallel || undefined);
  setNumber(fields, 'start_deadline_seconds', request.startDeadlineSeconds || undefined);
  setNumber(fields, 'deadline_seconds', request.deadlineSeconds || undefined);
  setText(fields, 'template', request.template);
  setText(fields, 'image', request.image);
  setText(fields, 'cpu', request.cpu);
  setText(fields, 'memory', request.memory);
  setText(fields, 'traceparent', request.traceparent);
  setText(fields, 'tracestate', request.tracestate);
  setText(fields, 'baggage', request.baggage);
  return finish(fields, request);
}

export function scaleDownEntry(request: ScaleDownRequest): EntryFields {
  const fields = start('scale_down', request);
  setNumber(fields, 'pod_count', request.workers);
  return finish(fields, request);
}

export function cancelEntry(request: CancelRequest): EntryFields {
  const fields = start('cancel', request);
  setText(fields, 'event_id', request.eventId);
  const { eventId, taskId, queue } = request;
  if (!eventId === !taskId) throw invalid('event_id', 'or else task_id is needed', 'invalid_cancel');
  if (eventId && queue) throw invalid('queue', 'goes with task_id alone', 'invalid_cancel');
  if (eventId && !isEntryId(eventId)) throw invalid('event_id', 'is not the ID of an entry', 'invalid_cancel');
  return finish(fields, request);
}

function start(type: StreamEntryFields['type'], request: CommonRequest): EntryFields {
  const fields: EntryFields = { type };
  setText(fields, 'task_id', request.taskId);
  setText(fields, 'queue', request.queue);
  setText(fields, 'idempotency_key', request.idempotencyKey);
  if (request.timestamp) fields['timestamp'] = timestamp(request.timestamp);
  return fields;
}

/** Checks what holds for every installation. The rest depends on the operator and comes back as `rejected`. */
function finish(fields: EntryFields, request: CommonRequest): EntryFields {
  if (fields['type'] !== 'cancel' && !fields['pod_count'])
    throw invalid('pod_count', 'is missing', 'invalid_pod_count');
  for (const [name, value] of Object.entries(fields)) checkField(name, value);
  addMetadata(fields, request.metadata ?? {});
  checkMetadataBounds(fields);
  fields['idempotency_key'] ??= randomUUID();
  if (bytesOf(fields, () => true) > MAX_ENTRY_BYTES) throw invalid('entry', 'has more than 64 KiB', 'too_large');
  return fields;
}

function setText(fields: EntryFields, name: string, value: string | undefined): void {
  if (value === undefined || value === null || value === '') return;
  if (typeof value !== 'string') throw invalid(name, 'must be a string');
  fields[name] = value;
}

function setNumber(fields: EntryFields, name: string, value: number | undefined): void {
  if (value === undefined || value === null) return;
  // Others would be sent as `1.5`, `1e21` or `NaN`.
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(name, 'must be an integer from 1');
  fields[name] = String(value);
}

function timestamp(date: Date): string {
  if (!(date instanceof Date) || Number.isNaN(date.getTime())) throw invalid('timestamp', 'must be a valid Date');
  return date.toISOString();
}

function checkField(name: string, value: string): void {
  const rule = rules[name];
  if (!rule) return;
  if (!value.isWellFormed()) throw invalid(name, 'has half of a surrogate pair');
  if (rule.pattern && !new RegExp(rule.pattern, 'u').test(value)) throw invalid(name, `does not match ${rule.pattern}`);
  // The schema can only count characters; the bounds are in bytes.
  if (rule.maxLength !== undefined && Buffer.byteLength(value) > rule.maxLength)
    throw invalid(name, `has more than ${rule.maxLength} bytes`);
}

function addMetadata(fields: EntryFields, metadata: Record<string, string>): void {
  for (const [name, value] of Object.entries(metadata)) {
    const problem = metadataProblem(name, value);
    if (problem) throw invalid(`metadata ${JSON.stringify(name)}`, problem, 'invalid_metadata');
    fields[name] = value;
  }
}

function metadataProblem(name: string, value: unknown): string | undefined {
  if (entryFields.has(name)) return 'is the name of a field';
  if (name === '') return 'has no name';
  if (Buffer.byteLength(name) > MAX_METADATA_NAME) return `has a name of more than ${MAX_METADATA_NAME} bytes`;
  if (typeof value !== 'string') return 'must be a string';
  if (Buffer.byteLength(value) > metadataMaxLength) return `has more than ${metadataMaxLength} bytes`;
  if (value.includes('\0')) return 'has a NUL byte';
  if (!name.isWellFormed() || !value.isWellFormed()) return 'has half of a surrogate pair';
  return undefined;
}

function checkMetadataBounds(fields: EntryFields): void {
  const counts = (name: string) => countAsMetadata.has(name) || !entryFields.has(name);
  const number = Object.keys(fields).filter(counts).length;
  if (number > MAX_METADATA_FIELDS)
    throw invalid('metadata', `has ${number} fields with queue and the like, more than 16`, 'invalid_metadata');
  if (bytesOf(fields, counts) > MAX_METADATA_BYTES)
    throw invalid('metadata', 'has more than 8 KiB', 'invalid_metadata');
}

function bytesOf(fields: EntryFields, counts: (name: string) => boolean): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(fields))
    if (counts(name)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  return bytes;
}

function invalid(field: string, problem: string, reason = reasons[field] ?? 'invalid_metadata'): InvalidRequestError {
  return new InvalidRequestError(field, problem, reason);
}
