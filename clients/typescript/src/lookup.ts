import { RejectedError } from './errors.js';
import { compareIds, isEntryId } from './id.js';
import type { Keys } from './keys.js';
import { entries, pairs } from './reply.js';
import { parseSnapshot, type Snapshot } from './snapshot.js';

/** What Redis says of an event, now. `pending`: not decided yet. `gone`: over long ago. */
export type LookupResult =
  | { kind: 'snapshot'; snapshot: Snapshot }
  | { kind: 'pending' }
  | { kind: 'rejected'; error: RejectedError }
  | { kind: 'duplicate'; of: string }
  | { kind: 'gone' };

export type Lookup = (eventId: string, idempotencyKey?: string) => Promise<LookupResult>;

/** Sends commands in one go, each once. */
export type Call = (...commands: string[][]) => Promise<unknown[]>;

const PAGE = 1000;

export async function lookup(call: Call, keys: Keys, eventId: string, key?: string): Promise<LookupResult> {
  // The mark first: read after the record, it could be of a moment when the event was accepted in between.
  const [mark, record] = await call(['GET', keys.mark], ['HGETALL', keys.event(eventId)]);
  const fields = pairs(record);
  if (Object.keys(fields).length > 0) return { kind: 'snapshot', snapshot: parseSnapshot(eventId, fields) };
  if (typeof mark !== 'string' || !isEntryId(mark) || compareIds(mark, eventId) < 0) return { kind: 'pending' };
  const error = await findRejection(call, keys, eventId);
  if (error) return { kind: 'rejected', error };
  const of = key === undefined ? undefined : await keyOwner(call, keys, key);
  return of && of !== eventId ? { kind: 'duplicate', of } : { kind: 'gone' };
}

/** A dead letter is never older than its entry, so the search begins at the entry's own millisecond. */
async function findRejection(call: Call, keys: Keys, eventId: string): Promise<RejectedError | undefined> {
  for (let from = eventId.split('-')[0]!; ;) {
    const [reply] = await call(['XRANGE', keys.dead, from, '+', 'COUNT', String(PAGE)]);
    const page = entries(reply);
    for (const { fields } of page) {
      if (fields?.['original_id'] !== eventId) continue;
      const { reason_code: reasonCode = '', code = '', reason: message = '' } = fields;
      return new RejectedError({ eventId, reasonCode, code, message });
    }
    if (page.length < PAGE) return undefined;
    from = `(${page.at(-1)!.id}`;
  }
}

/** `<event id> <sha256>` */
async function keyOwner(call: Call, keys: Keys, key: string): Promise<string | undefined> {
  const [value] = await call(['GET', keys.idempotency(key)]);
  const owner = typeof value === 'string' ? value.split(' ')[0]! : '';
  return isEntryId(owner) ? owner : undefined;
}
