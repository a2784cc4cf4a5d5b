import { fixes } from './generated/errors.js';

/** What to do about the errors that only a client has. Those of Ottoscaler (`OTTOnnn`) are in generated/errors.ts. */
const clientFixes = {
  invalid_request: 'Correct the field that the message names.',
  send_failed: 'Send it again with the same idempotencyKey: if the first one did arrive, the second is its duplicate.',
  aborted: 'Nothing, if it was you. The event goes on: attach() to its eventId, or cancel it.',
  expired: 'Follow an event before its record expires (OTTO_RECORD_TTL), or save what became of it when it closes.',
  bad_record: 'Something else wrote to the key of the record: inspect it with HGETALL.',
  contact_lost: 'Check the connection to Redis, then attach() to the eventId.',
  client_closed: 'Keep the client open for as long as its runs are waited for.',
  connection: 'Check the address, and whether Redis is up.',
  redis: 'Read the message: it is what Redis replied.',
} as const;

export type ClientErrorCode = keyof typeof clientFixes;

export class OttoscalerError extends Error {
  override name = 'OttoscalerError';
  /** `OTTO` and three digits, or a word of this client. */
  readonly code: string;
  /** What to do about it. */
  readonly fix: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.fix = fixOf(code);
  }
}

function fixOf(code: string): string {
  return clientFixes[code as ClientErrorCode] ?? fixes[code]?.fix ?? '';
}

/** The request breaks a rule of the stream. Nothing was sent. */
export class InvalidRequestError extends OttoscalerError {
  override name = 'InvalidRequestError';
  constructor(
    /** The field of the stream entry, e.g. `task_id`. */
    readonly field: string,
    problem: string,
    /** The reason with which Ottoscaler would have rejected it, e.g. `invalid_task_id`. */
    readonly reasonCode: string,
  ) {
    super('invalid_request', `${field} ${problem}`);
  }
}

/** Ottoscaler read the entry and rejected it; it is a dead letter now. */
export class RejectedError extends OttoscalerError {
  override name = 'RejectedError';
  readonly eventId: string;
  /** A word for programs, e.g. `unknown_queue`. */
  readonly reasonCode: string;

  constructor(rejection: { eventId: string; reasonCode: string; code: string; message: string }) {
    super(rejection.code || 'OTTO401', rejection.message);
    this.eventId = rejection.eventId;
    this.reasonCode = rejection.reasonCode;
  }
}

/** No try to send was answered in time. */
export class SendError extends OttoscalerError {
  override name = 'SendError';
  /** Send again with this key: it makes a second entry a duplicate of the first. */
  readonly idempotencyKey: string;
  /** Whether a try may have arrived without its reply being seen. */
  readonly mayHaveBeenSent: boolean;

  constructor(idempotencyKey: string, mayHaveBeenSent: boolean, cause: unknown) {
    const what = mayHaveBeenSent ? 'the event may or may not have been sent' : 'the event was not sent';
    super('send_failed', `${what}; idempotencyKey ${idempotencyKey}: ${messageOf(cause)}`, { cause });
    this.idempotencyKey = idempotencyKey;
    this.mayHaveBeenSent = mayHaveBeenSent;
  }
}

/** A signal was aborted. Its reason is the cause. The name is that of the platform's own errors of this kind. */
export class AbortedError extends OttoscalerError {
  override name = 'AbortError';
  constructor(
    signal: AbortSignal,
    /** The event, if it was sent already. */
    readonly eventId?: string,
  ) {
    super('aborted', eventId ? `aborted; event ${eventId} goes on` : 'aborted', { cause: signal.reason });
  }
}

/** The event ended so long ago that its record has expired, or it is not known at all. */
export class ExpiredError extends OttoscalerError {
  override name = 'ExpiredError';
  constructor(
    readonly eventId: string,
    message = `event ${eventId} is over, and its record is gone`,
  ) {
    super('expired', message);
  }
}

/** The event's record is not as Ottoscaler writes it. */
export class BadRecordError extends OttoscalerError {
  override name = 'BadRecordError';
  constructor(
    readonly eventId: string,
    readonly field: string,
    problem: string,
  ) {
    super('bad_record', `record of event ${eventId}: ${field} ${problem}`);
  }
}

/** The status stream could not be read for longer than `contactTimeout`. */
export class ContactLostError extends OttoscalerError {
  override name = 'ContactLostError';
  constructor(readonly since: Date) {
    super('contact_lost', `no contact with Redis since ${since.toISOString()}`);
  }
}

export class ClientClosedError extends OttoscalerError {
  override name = 'ClientClosedError';
  constructor() {
    super('client_closed', 'the client is closed');
  }
}

/** Redis was not reached, or did not reply in time. */
export class ConnectionError extends OttoscalerError {
  override name = 'ConnectionError';
  constructor(
    message: string,
    /** Whether the command may have been written, so that it may have been executed. */
    readonly written: boolean,
    cause?: unknown,
  ) {
    super('connection', message, { cause });
  }
}

/** Redis replied with an error. */
export class RedisError extends OttoscalerError {
  override name = 'RedisError';
  /** The first word of the reply, e.g. `NOPERM`. */
  readonly reply: string;

  constructor(message: string) {
    super('redis', message);
    this.reply = /^-?([A-Z]+)/.exec(message)?.[1] ?? '';
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
