export { Ottoscaler, type FollowOptions, type OttoscalerOptions } from './client.js';
export { Consumer, type ConsumeOptions, type Handler, type HandlerContext } from './consumer.js';
export type { Gap } from './cursor.js';
export type { Connection, Driver } from './drivers/driver.js';
export type { RedisSource } from './drivers/index.js';
export {
  AbortedError,
  BadRecordError,
  ClientClosedError,
  ConnectionError,
  ContactLostError,
  ExpiredError,
  InvalidRequestError,
  OttoscalerError,
  RedisError,
  RejectedError,
  SendError,
} from './errors.js';
export type { StreamEntryFields } from './generated/stream-entry.js';
export type { ReaderState } from './reader.js';
export type { CancelRequest, RunRequest, ScaleDownRequest } from './request.js';
export type { CallOptions, Run } from './run.js';
export type { Snapshot, WorkerSnapshot } from './snapshot.js';
export type { Result, WorkerResult } from './state.js';
export {
  isOutcome,
  type Counts,
  type Outcome,
  type Status,
  type StatusEntry,
  type StatusKind,
  type WorkerState,
} from './status.js';
