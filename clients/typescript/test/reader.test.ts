import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import {
  AbortedError,
  ClientClosedError,
  ContactLostError,
  ExpiredError,
  type ReaderState,
  type Status,
} from '../src/index.js';
import { HANG, eventually, promise, World } from './support/world.js';

let world: World;
before(async () => (world = await World.start()));
afterEach(() => world.clean());
after(() => world.stop());

const short = (s: Status) => [s.index, s.state ?? s.kind].filter((part) => part !== undefined).join(' ');

describe('reading', { timeout: HANG }, () => {
  test('one connection reads for many runs, and stops when nobody listens', async () => {
    const stream = world.stream();
    const gate = promise();
    await world.engine(stream, async (event, engine) => void gate.kept.then(() => engine.finish(event.id)));
    const client = world.client(stream);
    const before = world.proxy.connections;
    const runs = await Promise.all(Array.from({ length: 50 }, (_, i) => client.run({ workers: 2, taskId: `t${i}` })));
    assert.equal(world.proxy.connections - before, 2);
    gate.keep();
    const results = await Promise.all(runs.map((run) => run.wait()));
    assert.deepEqual([...new Set(results.map((result) => result.counts.succeeded))], [2]);
    await eventually(async () => !(await world.connections()).some((line) => line.includes('cmd=xread')));
  });

  test('the connection is cut again and again: each status once, in order', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream, async () => {});
    const client = world.client(stream);
    const run = await client.run({ workers: 300 });
    const seen: (number | undefined)[] = [];
    const reading = (async () => {
      for await (const status of run.events()) {
        assert.equal(status.fromSnapshot, false);
        seen.push(status.seq);
      }
    })();
    for (let i = 1; i <= 300; i++) {
      await engine.worker(run.eventId, i, 'created');
      if (i % 20 === 0) world.proxy.cutAll();
    }
    await engine.finish(run.eventId);
    await reading;
    assert.deepEqual(
      seen,
      Array.from({ length: seen.length }, (_, i) => i + 1),
    );
    assert.ok(seen.length > 600);
    assert.equal((await run.wait()).counts.succeeded, 300);
  });

  test('the status stream was trimmed meanwhile: the snapshot stands for what was missed', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream, async () => {});
    const client = world.client(stream);
    const run = await client.run({ workers: 3 });
    const events = run.events();
    assert.equal((await events.next()).value?.kind, 'accepted');
    const back = world.holdBack();
    await engine.finish(run.eventId);
    await world.server.admin.xtrim(engine.keys.status, 'MAXLEN', 0);
    back();
    const rest: Status[] = [];
    for await (const status of events) rest.push(status);
    assert.deepEqual(rest.map(short), ['1 succeeded', '2 succeeded', '3 succeeded', 'settled', 'closed']);
    assert.ok(rest.every((status) => status.fromSnapshot && status.id === undefined));
    assert.equal((await run.wait()).workers.length, 3);
  });

  test('part of it was trimmed: no status twice after the snapshot', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream, async () => {});
    const client = world.client(stream);
    const run = await client.run({ workers: 2 });
    const back = world.holdBack();
    await engine.worker(run.eventId, 1, 'created');
    await engine.worker(run.eventId, 2, 'created');
    await engine.worker(run.eventId, 1, 'running');
    await world.server.admin.xtrim(engine.keys.status, 'MAXLEN', 1);
    back();
    const events = run.events();
    const seen: string[] = [];
    for (let i = 0; i < 3; i++) seen.push(short((await events.next()).value!));
    await engine.finish(run.eventId);
    for await (const status of events) seen.push(short(status));
    assert.deepEqual(seen.slice(0, 3), ['accepted', '1 running', '2 created']);
    assert.deepEqual(seen.at(-1), 'closed');
    assert.equal(seen.filter((s) => s === '1 running').length, 1);
  });

  test('a failover lost the end of the stream: it goes on', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream, async () => {});
    const client = world.client(stream);
    const run = await client.run({ workers: 1 });
    const back = world.holdBack();
    await eventually(async () => client.state?.connected === false);
    await world.server.admin.del(engine.keys.status);
    // IDs far below those that were read, as if another server's clock gave them.
    await world.server.admin.xadd(engine.keys.status, '1-1', 'kind', 'resumed', 'by', 'x');
    back();
    await eventually(async () => client.state?.connected === true);
    const closed = ['kind', 'closed', 'event_id', run.eventId, 'n_succeeded', '1'];
    await world.server.admin.xadd(engine.keys.status, '2-1', ...closed);
    assert.equal((await run.wait()).counts.succeeded, 1);
  });

  test('a slow listener gets the newest state, and memory is bounded', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream, async () => {});
    const client = world.client(stream);
    const run = await client.run({ workers: 1000 });
    const events = run.events();
    assert.equal(short((await events.next()).value!), 'accepted');
    await engine.finish(run.eventId);
    await run.wait();
    const rest: Status[] = [];
    for await (const status of events) rest.push(status);
    // 2001 more statuses were told: one for each worker is left, and closed.
    assert.equal(rest.length, 1001);
    assert.ok(rest.every((status) => status.fromSnapshot));
    assert.equal(short(rest.at(-1)!), 'closed');
  });

  test('a second listener gets all from the beginning', async () => {
    const stream = world.stream();
    await world.engine(stream);
    const run = await world.client(stream).run({ workers: 1 });
    const lists = await Promise.all([run, run].map((r) => collect(r.events())));
    assert.deepEqual(lists[0]!.map(short), ['accepted', '1 created', '1 succeeded', 'closed']);
    assert.deepEqual(lists[1], lists[0]);
  });

  test('not decided in time: the run is returned, and the rejection comes out of wait()', async () => {
    const stream = world.stream();
    const client = world.client(stream, { acceptTimeout: 0 });
    const run = await client.run({ workers: 1, queue: 'unknown' });
    assert.equal(run.accepted, false);
    await world.engine(stream);
    await assert.rejects(run.wait(), { name: 'RejectedError', reasonCode: 'unknown_queue' });
    await assert.rejects(collect(run.events()), { name: 'RejectedError' });
  });

  test('tells when the connection is lost, and since when', async () => {
    const stream = world.stream();
    await world.engine(stream, async () => {});
    const states: ReaderState[] = [];
    const lost = promise();
    const found = promise();
    const onState = (state: ReaderState) => {
      states.push(state);
      if (!state.connected) lost.keep();
      else if (states.length > 1) found.keep();
    };
    const client = world.client(stream, { onState });
    await client.run({ workers: 1 });
    world.proxy.cutAll();
    await Promise.all([lost.kept, found.kept]);
    assert.equal(states[0]?.connected, true);
    assert.ok(states[1]?.connected === false && states[1].since instanceof Date);
    assert.equal(client.state?.connected, true);
  });

  test('no contact for too long: an error, if that was asked for', async () => {
    const stream = world.stream();
    await world.engine(stream, async () => {});
    const client = world.client(stream, { contactTimeout: 50 });
    const run = await client.run({ workers: 1 });
    world.holdBack();
    await assert.rejects(run.wait(), ContactLostError);
  });
});

describe('attaching', { timeout: HANG }, () => {
  test('from another process: the snapshot, then what comes', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream, async () => {});
    const { eventId } = await world.client(stream).run({ workers: 2 });
    await engine.worker(eventId, 1, 'running');
    const run = await world.client(stream).attach(eventId);
    const seen: string[] = [];
    for await (const status of run.events()) {
      seen.push(short(status));
      if (seen.length === 2) await engine.finish(eventId);
    }
    assert.deepEqual(seen.slice(0, 2), ['accepted', '1 running']);
    assert.equal((await run.wait()).counts.succeeded, 2);
  });

  test('after it closed, and after its record expired', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream);
    const client = world.client(stream);
    const { eventId } = await client.run({ workers: 2 });
    await eventually(async () => (await client.snapshot(eventId))?.closedAt !== undefined);
    assert.equal((await (await client.attach(eventId)).wait()).ok, true);
    await world.server.admin.del(engine.keys.event(eventId));
    await assert.rejects((await client.attach(eventId)).wait(), ExpiredError);
    assert.equal(await client.snapshot(eventId), undefined);
  });

  test('a cancel ends the run', async () => {
    const stream = world.stream();
    await world.engine(stream, async () => {});
    const run = await world.client(stream).run({ workers: 3 });
    const cancel = await run.cancel();
    const [result, taken] = await Promise.all([run.wait(), cancel.wait()]);
    assert.deepEqual([result.ok, result.counts.cancelled, taken.ok, taken.counts.cancelled], [false, 3, true, 3]);
  });
});

describe('ending', { timeout: HANG }, () => {
  test('a signal ends the wait, not the event', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream, async () => {});
    const run = await world.client(stream).run({ workers: 1 });
    const stop = new AbortController();
    const waiting = run.wait({ signal: stop.signal });
    const listening = collect(run.events({ signal: stop.signal }));
    stop.abort(new Error('enough'));
    const isExpected = (e: unknown) =>
      e instanceof AbortedError && e.name === 'AbortError' && e.eventId === run.eventId;
    await assert.rejects(waiting, isExpected);
    await assert.rejects(listening, isExpected);
    await engine.finish(run.eventId);
    assert.equal((await run.wait()).ok, true);
  });

  test('close() ends waits and connections', async () => {
    const stream = world.stream();
    await world.engine(stream, async () => {});
    const before = (await world.connections()).length;
    const client = world.client(stream);
    const run = await client.run({ workers: 1 });
    const waiting = run.wait();
    const following = collect(client.follow());
    await Promise.all([
      assert.rejects(waiting, ClientClosedError),
      assert.rejects(following, ClientClosedError),
      client.close(),
    ]);
    await assert.rejects(client.run({ workers: 1 }), ClientClosedError);
    await eventually(async () => (await world.connections()).length === before);
  });
});

/** Array.fromAsync, which Node 20 does not have. */
async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
