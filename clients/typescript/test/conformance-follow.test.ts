import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BadRecordError, ExpiredError, RejectedError } from '../src/errors.js';
import { Keys } from '../src/keys.js';
import { lookup, type Call } from '../src/lookup.js';
import { Run } from '../src/run.js';
import { parseStatus } from '../src/status.js';
import { Tracker } from '../src/tracker.js';
import { cases, neutral, type Fields } from './support/conformance.js';

interface Redis {
  records?: Record<string, Fields | null>;
  mark?: string;
  keys?: Record<string, string>;
  dead?: Fields[];
}
interface Case {
  sent_id: string;
  type: string;
  idempotency_key?: string;
  attach?: boolean;
  redis?: Redis;
  steps: { entry?: { id: string; fields: Fields }; missed?: boolean; redis?: Redis }[];
  yields: object[];
  event_id: string;
  duplicate?: boolean;
  result?: object;
  error?: Record<string, string>;
  open?: boolean;
}

/** A Redis that has what the case says, for the commands of lookup(). */
class FakeRedis {
  readonly #keys = new Keys('s');
  readonly #state: Required<Redis> = { records: {}, mark: '', keys: {}, dead: [] };

  merge({ records = {}, mark, keys = {}, dead }: Redis = {}): void {
    Object.assign(this.#state.records, records);
    Object.assign(this.#state.keys, keys);
    this.#state.mark = mark ?? this.#state.mark;
    this.#state.dead = dead ?? this.#state.dead;
  }

  readonly call: Call = async (...commands) => commands.map(([name, key = '']) => this.#reply(name!, key));

  #reply(name: string, key: string): unknown {
    const { records, mark, keys, dead } = this.#state;
    if (name === 'XRANGE') return dead.map((fields, i) => [`${i + 1}-0`, Object.entries(fields).flat()]);
    if (key === this.#keys.mark) return mark || null;
    const id = Object.keys(records).find((id) => key === this.#keys.event(id));
    if (name === 'HGETALL') return Object.entries((id && records[id]) || {}).flat();
    return keys[Object.keys(keys).find((k) => key === this.#keys.idempotency(k)) ?? ''] ?? null;
  }

  lookup = (id: string, key?: string) => lookup(this.call, this.#keys, id, key);
}

/** All that was begun without being waited for: the fake replies at once, so one turn of the event loop is enough. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function follow(c: Case) {
  const redis = new FakeRedis();
  redis.merge(c.redis);
  const hooks = { lookup: redis.lookup, moved: () => {}, ended: () => {} };
  const tracker = new Tracker(hooks, c.sent_id, c.attach ? undefined : c.type, c.idempotency_key);
  if (c.attach) await tracker.missed();
  for (const step of c.steps) {
    redis.merge(step.redis);
    if (step.missed) await tracker.missed();
    else tracker.feed(parseStatus(step.entry!.id, step.entry!.fields));
    await settle();
  }
  const run = new Run({ cancel: () => Promise.reject(new Error('not in this test')) }, tracker);
  const yields: unknown[] = [];
  const stop = new AbortController();
  const end = read(run, stop.signal, yields);
  await settle();
  stop.abort();
  return { run, tracker, yields, end: await end };
}

async function read(run: Run, signal: AbortSignal, yields: unknown[]): Promise<unknown> {
  try {
    for await (const status of run.events({ signal })) yields.push(neutral(status));
    return await run.wait();
  } catch (error) {
    return error;
  }
}

const words = new Map<unknown, string>([
  [RejectedError, 'rejected'],
  [ExpiredError, 'expired'],
  [BadRecordError, 'bad_record'],
]);

describe('conformance: follow', () => {
  for (const c of cases<Case>('follow.json'))
    test(c.name, async () => {
      const { run, tracker, yields, end } = await follow(c);
      assert.deepEqual(yields, c.yields);
      assert.equal(run.eventId, c.event_id);
      assert.equal(run.duplicate, c.duplicate ?? false);
      if (c.open) return assert.equal(tracker.end, undefined);
      if (!c.error) return assert.deepEqual(neutral(end), c.result);
      const { word, reason_code, code, message } = c.error;
      assert.equal(words.get((end as Error).constructor), word, String(end));
      if (word !== 'rejected') return;
      const { reasonCode, code: gotCode, message: gotMessage } = end as RejectedError;
      assert.deepEqual([reasonCode, gotCode, gotMessage], [reason_code, code, message ?? '']);
    });
});
