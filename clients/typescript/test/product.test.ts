import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Redis } from 'ioredis';
import { Ottoscaler, RejectedError } from '../src/index.js';

const { OTTO_CLIENT_REDIS: address = '', OTTO_CLIENT_STREAM: stream = 'otto:scale:events' } = process.env;
const skip = address
  ? false
  : 'OTTO_CLIENT_REDIS is not set: it is the address (host:port) of a Redis that Ottoscaler serves';

describe('the real product', { skip }, () => {
  let client: Ottoscaler;
  before(() => {
    const redis = new Redis(address.includes('://') ? address : `redis://${address}`, { lazyConnect: true });
    client = new Ottoscaler({ redis, stream, acceptTimeout: 30_000 });
  });
  after(() => client.close());

  test('three workers, to the end', async () => {
    const run = await client.run({ workers: 3, taskId: 'client-test' });
    assert.equal(run.accepted, true);
    const seqs: (number | undefined)[] = [];
    const outcomes = new Set<number | undefined>();
    for await (const status of run.events()) {
      if (!status.fromSnapshot) seqs.push(status.seq);
      if (status.state === 'succeeded') outcomes.add(status.index);
    }
    assert.deepEqual([...outcomes].sort(), [1, 2, 3]);
    if (seqs[0] !== undefined)
      assert.deepEqual(
        seqs,
        seqs.map((_, i) => i + 1),
      );
    const result = await run.wait();
    assert.deepEqual([result.ok, result.counts.succeeded, result.workers.length], [true, 3, 3]);
    assert.equal((await (await client.attach(run.eventId)).wait()).counts.succeeded, 3);
  });

  test('a cancel ends a run', async () => {
    const run = await client.run({ workers: 3, taskId: 'client-test-cancel' });
    await run.cancel();
    const { counts } = await run.wait();
    assert.equal(counts.succeeded + counts.failed + counts.cancelled + counts.lost, 3);
  });

  test('a rejection is a typed error', async () => {
    await assert.rejects(client.run({ workers: 1, template: 'no-such-template' }), (error) => {
      assert.ok(error instanceof RejectedError);
      assert.equal(error.reasonCode, 'unknown_template');
      assert.match(error.code, /^OTTO\d{3}$/);
      return true;
    });
  });

  test('the same key again is the same event', async () => {
    const request = { workers: 1, taskId: 'client-test-duplicate', idempotencyKey: `client-test-${Date.now()}` };
    const first = await client.run(request);
    const second = await client.run(request);
    assert.deepEqual([second.duplicate, second.eventId], [true, first.eventId]);
    assert.deepEqual((await second.wait()).counts, (await first.wait()).counts);
  });
});
