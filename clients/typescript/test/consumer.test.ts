import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { RedisError, type ConsumeOptions, type Gap, type Handler, type Ottoscaler } from '../src/index.js';
import type { Engine } from './support/engine.js';
import { HANG, eventually, promise, World } from './support/world.js';

let world: World;
before(async () => (world = await World.start()));
afterEach(() => world.clean());
after(() => world.stop());

const GROUP = 'billing';

/** A stream with an engine that waits for the test, and a client. */
async function setUp(): Promise<{ engine: Engine; client: Ottoscaler; stream: string }> {
  const stream = world.stream();
  const engine = await world.engine(stream, async () => {});
  return { engine, client: world.client(stream), stream };
}

/** A replica of a backend that records what it handled. */
function replica(stream: string, options: Partial<ConsumeOptions> = {}, handler?: Handler) {
  const handled: string[] = [];
  const consumer = world.client(stream).consume({ group: GROUP, ...options }, async (status, context) => {
    await handler?.(status, context);
    handled.push(`${status.index} ${status.state}`);
  });
  return { handled, consumer };
}

const pending = async (engine: Engine) =>
  Number(((await world.server.admin.xpending(engine.keys.status, GROUP)) as unknown[])[0]);

describe('consuming', { timeout: HANG }, () => {
  test('two replicas: each outcome handled once, nothing else', async () => {
    const { engine, client, stream } = await setUp();
    const replicas = [replica(stream), replica(stream)];
    await Promise.all(replicas.map(({ consumer }) => consumer.ready));
    const run = await client.run({ workers: 200 });
    await engine.finish(run.eventId);
    const all = () => replicas.flatMap(({ handled }) => handled);
    await eventually(async () => all().length >= 200 && (await pending(engine)) === 0);
    assert.equal(new Set(all()).size, 200);
    assert.equal(all().length, 200);
  });

  test('a handler that throws: tried again, counted, then acknowledged', async () => {
    const { engine, client, stream } = await setUp();
    const attempts: number[] = [];
    const errors: unknown[] = [];
    const { handled, consumer } = replica(stream, { onError: (error) => errors.push(error) }, (_, { attempt }) => {
      attempts.push(attempt);
      if (attempts.length < 3) throw new Error('the database is away');
    });
    await consumer.ready;
    await engine.finish((await client.run({ workers: 1 })).eventId);
    await eventually(async () => handled.length === 1 && (await pending(engine)) === 0);
    assert.deepEqual(attempts, [1, 2, 3]);
    assert.equal(errors.length, 2);
  });

  test('of one event in order, also after an error; of others side by side', async () => {
    const { engine, client, stream } = await setUp();
    let failed = false;
    const filter = () => true;
    const seen: string[] = [];
    const { consumer } = replica(stream, { filter }, (status) => {
      if (!failed && status.kind === 'worker') {
        failed = true;
        throw new Error('once');
      }
      seen.push(`${status.taskId} ${status.seq}`);
    });
    await consumer.ready;
    const [a, b] = await Promise.all(['a', 'b'].map((taskId) => client.run({ workers: 2, taskId })));
    await Promise.all([a!, b!].map((run) => engine.finish(run.eventId)));
    await eventually(async () => seen.length === 12);
    for (const task of ['a', 'b'])
      assert.deepEqual(
        seen.filter((s) => s.startsWith(task)),
        [1, 2, 3, 4, 5, 6].map((seq) => `${task} ${seq}`),
      );
    await eventually(async () => (await pending(engine)) === 0);
  });

  test('a dead replica: its statuses are taken over', async () => {
    const { engine, client, stream } = await setUp();
    const stuck = promise();
    const dead = replica(stream, { claimAfter: 300, drainTimeout: 0 }, () => {
      stuck.keep();
      return new Promise(() => {});
    });
    await dead.consumer.ready;
    await engine.finish((await client.run({ workers: 3 })).eventId);
    await stuck.kept;
    await dead.consumer.close(); // It is gone without having acknowledged anything.
    assert.equal(await pending(engine), 3);
    const alive = replica(stream, { claimAfter: 300 });
    await eventually(async () => alive.handled.length === 3 && (await pending(engine)) === 0);
    assert.deepEqual(dead.handled, []);
  });

  test('a handler that runs longer than claimAfter keeps its status', async () => {
    const { engine, client, stream } = await setUp();
    const claimAfter = 150;
    const started = promise();
    const finish = promise();
    const slow = replica(stream, { claimAfter }, () => (started.keep(), finish.kept));
    await slow.consumer.ready;
    await engine.finish((await client.run({ workers: 1 })).eventId);
    await started.kept;
    const other = replica(stream, { claimAfter });
    await other.consumer.ready;
    // Ten tries of the other one to take it over, as Redis counts them.
    const tries = async () =>
      Number(/cmdstat_xautoclaim:calls=(\d+)/.exec(await world.server.admin.info('commandstats'))?.[1]);
    const before = await tries();
    await eventually(async () => (await tries()) >= before + 10);
    finish.keep();
    await eventually(async () => slow.handled.length === 1 && (await pending(engine)) === 0);
    assert.deepEqual(other.handled, []);
  });

  test('a replica that is restarted under its name goes on at once', async () => {
    const { engine, client, stream } = await setUp();
    const stuck = promise();
    const options = { consumer: 'replica-1', drainTimeout: 0 };
    const first = replica(stream, options, () => (stuck.keep(), new Promise(() => {})));
    await first.consumer.ready;
    await engine.finish((await client.run({ workers: 2 })).eventId);
    await stuck.kept;
    await first.consumer.close();
    const second = replica(stream, options);
    await eventually(async () => second.handled.length === 2 && (await pending(engine)) === 0);
  });

  test('the link is cut again and again: each outcome handled once', async () => {
    const { engine, client, stream } = await setUp();
    const { handled, consumer } = replica(stream);
    await consumer.ready;
    const run = await client.run({ workers: 100 });
    for (let i = 1; i <= 100; i++) {
      await engine.worker(run.eventId, i, 'succeeded', { exit_code: '0' });
      if (i % 10 === 0) world.proxy.cutAll();
    }
    await eventually(async () => handled.length >= 100 && (await pending(engine)) === 0);
    assert.equal(handled.length, 100);
    assert.equal(new Set(handled).size, 100);
  });

  test("the reply with a status is lost: it is handled all the same, and not as a dead replica's", async () => {
    const { engine, client, stream } = await setUp();
    const { handled, consumer } = replica(stream, { claimAfter: 1e8 });
    await consumer.ready;
    const run = await client.run({ workers: 1 });
    let armed = true;
    // From the next read on: the one that waits now has begun before.
    world.proxy.onCommand = (text) => {
      if (!armed || !/xreadgroup/i.test(text)) return undefined;
      armed = false;
      return { kind: 'cut-reply', after: 0 };
    };
    world.proxy.cutAll();
    await eventually(async () => !armed);
    await engine.finish(run.eventId);
    await eventually(async () => handled.length === 1 && (await pending(engine)) === 0);
  });

  test('shutdown waits for the handler that runs, and leaves the rest', async () => {
    const { engine, client, stream } = await setUp();
    const started = promise();
    const finish = promise();
    const { handled, consumer } = replica(stream, { concurrency: 1 }, () => (started.keep(), finish.kept));
    await consumer.ready;
    await engine.finish((await client.run({ workers: 3 })).eventId);
    await started.kept;
    await eventually(async () => (await pending(engine)) === 3); // it may have been given them one by one
    const closing = consumer.close();
    finish.keep();
    await closing;
    assert.deepEqual(handled, ['1 succeeded']);
    assert.equal(await pending(engine), 2);
  });

  test('all handlers fail: only so much is read ahead', async () => {
    const { engine, client, stream } = await setUp();
    let errors = 0;
    const onError = () => errors++;
    const { consumer } = replica(stream, { concurrency: 1, onError }, () => Promise.reject(new Error('always')));
    await consumer.ready;
    await engine.finish((await client.run({ workers: 50 })).eventId);
    // Statuses that are no outcomes are acknowledged as they are read; of the others eight wait.
    await eventually(async () => (await pending(engine)) === 8);
    await eventually(async () => errors >= 3);
    assert.equal(await pending(engine), 8);
  });

  test('statuses were trimmed before the group read them: onGap', async () => {
    const { engine, client, stream } = await setUp();
    const first = replica(stream);
    await first.consumer.ready;
    const run = await client.run({ workers: 5 });
    await engine.worker(run.eventId, 1, 'succeeded');
    await eventually(async () => first.handled.length === 1 && (await pending(engine)) === 0);
    await first.consumer.close();
    await engine.finish(run.eventId);
    await world.server.admin.xtrim(engine.keys.status, 'MAXLEN', 2);
    const gap = promise<Gap>();
    replica(stream, { onGap: gap.keep });
    const { after, before } = await gap.kept;
    assert.ok(after < before);
    assert.equal((await world.server.admin.xrange(engine.keys.status, '-', '+'))[0]![0], before);
  });

  test('Redis lost the group: it is made again', async () => {
    const { engine, client, stream } = await setUp();
    const { handled, consumer } = replica(stream);
    await consumer.ready;
    await world.server.admin.xgroup('DESTROY', engine.keys.status, GROUP);
    await eventually(async () => {
      const groups = (await world.server.admin.xinfo('GROUPS', engine.keys.status)) as unknown[];
      return groups.length === 1;
    });
    await engine.finish((await client.run({ workers: 1 })).eventId);
    await eventually(async () => handled.length === 1);
  });

  test('Redis refuses it for good: ready rejects', async () => {
    const { stream, engine } = await setUp();
    await world.server.admin.set(engine.keys.status, 'no stream');
    const { consumer } = replica(stream);
    await assert.rejects(consumer.ready, (e) => e instanceof RedisError && e.reply === 'WRONGTYPE');
  });
});
