import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { advance } from '../src/cursor.js';
import { BadRecordError, InvalidRequestError, RedisError } from '../src/errors.js';
import { compareIds } from '../src/id.js';
import { Keys } from '../src/keys.js';
import { cancelEntry, runEntry, scaleDownEntry, type RunRequest } from '../src/request.js';
import { isTransient } from '../src/retry.js';
import { parseSnapshot } from '../src/snapshot.js';
import { isOutcome, parseStatus } from '../src/status.js';
import { cases, neutral, type Fields } from './support/conformance.js';

describe('conformance: keys', () => {
  type Case = { stream: string; status: string; dead: string; mark: string; event: string; key: string };
  for (const c of cases<Case>('keys.json'))
    test(c.name, () => {
      const keys = new Keys(c.stream);
      const { status, dead, mark, event, key } = c;
      const got = { status: keys.status, dead: keys.dead, mark: keys.mark };
      assert.deepEqual(
        { ...got, event: keys.event('1756659802903-0'), key: keys.idempotency('k 1') },
        { status, dead, mark, event, key },
      );
    });
});

describe('conformance: requests', () => {
  type Case = { call: string; request: Record<string, unknown>; fields?: Fields; made_key?: boolean; error?: string };
  const calls = { run: runEntry, scale_down: scaleDownEntry, cancel: cancelEntry };
  for (const c of cases<Case>('requests.json'))
    test(c.name, () => {
      const call = calls[c.call as keyof typeof calls] as (request: RunRequest) => Fields;
      if (c.error) {
        const isExpected = (e: unknown) => e instanceof InvalidRequestError && e.reasonCode === c.error;
        return assert.throws(() => call(requestOf(c.request)), isExpected);
      }
      const { ...sent } = call(requestOf(c.request));
      if (c.made_key) {
        assert.match(sent['idempotency_key']!, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        delete sent['idempotency_key'];
      }
      assert.deepEqual(sent, c.fields);
    });
});

function requestOf(request: Record<string, unknown>): RunRequest {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(request))
    result[name === 'pod_count' ? 'workers' : name.replace(/_(.)/g, (_, c: string) => c.toUpperCase())] = value;
  if (result['timestamp']) result['timestamp'] = new Date(String(result['timestamp']));
  return result as unknown as RunRequest;
}

describe('conformance: replies', () => {
  for (const c of cases<{ reply: string; verdict: string }>('replies.json'))
    test(c.name, () => assert.equal(isTransient(new RedisError(c.reply)) ? 'again' : 'fail', c.verdict));
});

describe('conformance: status', () => {
  for (const c of cases<{ id: string; fields: Fields; status: object; outcome: boolean }>('status.json'))
    test(c.name, () => {
      const status = parseStatus(c.id, c.fields);
      const { kind, ...rest } = neutral(status) as { kind: string };
      assert.deepEqual(kind ? { kind, ...rest } : rest, c.status);
      assert.equal(status.kind === 'worker' && isOutcome(status.state), c.outcome);
    });
});

describe('conformance: snapshots', () => {
  for (const c of cases<{ event_id: string; fields: Fields; snapshot?: object; error?: boolean }>('snapshots.json'))
    test(c.name, () => {
      if (c.error) assert.throws(() => parseSnapshot(c.event_id, c.fields), BadRecordError);
      else assert.deepEqual(neutral(parseSnapshot(c.event_id, c.fields)), c.snapshot);
    });
});

describe('conformance: cursors', () => {
  type Case = { cursor: string; entries: string[]; last_generated_id: string; reads: string[]; cursor_after: string };
  for (const c of cases<Case & { gap?: object }>('cursors.json'))
    test(c.name, () => {
      const ids = c.entries.filter((id) => compareIds(id, c.cursor) > 0);
      assert.deepEqual(ids, c.reads);
      const read = { ids, cursorExists: c.entries.includes(c.cursor), lastGeneratedId: c.last_generated_id };
      const { cursor, gap } = advance(c.cursor, read);
      assert.equal(cursor, c.cursor_after);
      assert.deepEqual(gap, c.gap && { kind: 'gap', ...c.gap });
    });
});
