import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Ottoscaler, RedisError, RejectedError, SendError, type OttoscalerOptions } from '../src/index.js';
import { drivers } from './support/drivers.js';
import { Engine } from './support/engine.js';
import { Proxy, type Fault } from './support/proxy.js';
import { RedisServer } from './support/redis.js';
import { HANG } from './support/world.js';

let server: RedisServer;
let proxy: Proxy;
before(async () => {
  server = await RedisServer.start();
  proxy = await Proxy.start(server.port);
});
after(async () => {
  await proxy.stop();
  await server.stop();
});

/** A client through the proxy and an engine, on a stream of their own. */
async function withClient(
  driver: (typeof drivers)[number],
  use: (client: Ottoscaler, engine: Engine) => Promise<void>,
  options: Partial<OttoscalerOptions> = {},
): Promise<void> {
  const stream = `otto:${driver.name}:${Math.random()}`;
  const engine = await new Engine(server.port, stream).start();
  const { redis, close } = driver.make(proxy.port);
  const client = new Ottoscaler({ redis, stream, ...options });
  try {
    await use(client, engine);
  } finally {
    proxy.onCommand = () => undefined;
    proxy.onConnection = () => {};
    await client.close();
    await engine.stop();
    close();
  }
}

/** Makes the first XADD fail in this way. */
function failFirst(fault: Fault): void {
  let armed = true;
  proxy.onCommand = (text) => {
    if (!armed || !/xadd/i.test(text)) return undefined;
    armed = false;
    return fault;
  };
}

async function assertOneEvent(engine: Engine, key: string, entries: number): Promise<void> {
  const sent = await engine.sent();
  assert.equal(sent.length, entries);
  assert.deepEqual([...new Set(sent.map((fields) => fields['idempotency_key']))], [key]);
  assert.equal(engine.events.size, 1);
}

for (const driver of drivers)
  describe(`sending with ${driver.name}`, { timeout: HANG }, () => {
    test('three workers, to the end', () =>
      withClient(driver, async (client) => {
        const run = await client.run({ workers: 3, taskId: 'task-1' });
        assert.equal(run.accepted, true);
        const kinds: string[] = [];
        for await (const status of run.events()) kinds.push(status.state ?? status.kind);
        const pairs = ['created', 'succeeded', 'created', 'succeeded', 'created', 'succeeded'];
        assert.deepEqual(kinds, ['accepted', ...pairs, 'closed']);
        const result = await run.wait();
        assert.equal(result.ok, true);
        assert.deepEqual(
          result.workers.map(({ index, state, pod }) => [index, state, pod]),
          [1, 2, 3].map((i) => [i, 'succeeded', `p${i}`]),
        );
      }));

    test('the reply is cut at every byte: one event', async () => {
      // `$15\r\n1756659802903-0\r\n`: 22 bytes with an ID of 15.
      for (let after = 0; after < 22; after++)
        await withClient(driver, async (client, engine) => {
          failFirst({ kind: 'cut-reply', after });
          const run = await client.run({ workers: 1 });
          // The last bytes are the end of the line: some parsers do not wait for them, and know the ID already.
          if (after < 20) assert.equal(run.resent, true, `cut after ${after} bytes`);
          assert.equal((await run.wait()).ok, true);
          await assertOneEvent(engine, run.idempotencyKey!, run.resent ? 2 : 1);
          assert.ok(engine.events.has(run.eventId));
        });
    });

    test('cut before the request: one entry, one event', () =>
      withClient(driver, async (client, engine) => {
        failFirst({ kind: 'cut-before' });
        const run = await client.run({ workers: 1, idempotencyKey: 'order-7' });
        assert.equal((await run.wait()).ok, true);
        await assertOneEvent(engine, 'order-7', 1);
      }));

    for (const reply of ['LOADING Redis is loading', 'READONLY You cannot', 'OOM command not allowed'])
      test(`${reply.split(' ')[0]}: sent again with the same key`, () =>
        withClient(driver, async (client, engine) => {
          failFirst({ kind: 'answer', reply: `-${reply}\r\n` });
          const run = await client.run({ workers: 1 });
          assert.equal(run.resent, false);
          await assertOneEvent(engine, run.idempotencyKey!, 1);
        }));

    test('NOPERM: fails at once, nothing was sent', () =>
      withClient(driver, async (client, engine) => {
        failFirst({ kind: 'answer', reply: "-NOPERM no permissions to run the 'xadd' command\r\n" });
        await assert.rejects(client.run({ workers: 1 }), (e) => e instanceof RedisError && e.reply === 'NOPERM');
        assert.equal((await engine.sent()).length, 0);
      }));

    test('rejected: a typed error', () =>
      withClient(driver, async (client) => {
        await assert.rejects(client.run({ workers: 1, queue: 'unknown' }), (error) => {
          assert.ok(error instanceof RejectedError);
          assert.deepEqual([error.reasonCode, error.code], ['unknown_queue', 'OTTO401']);
          return true;
        });
      }));

    test('the same key again: the run is that of the first', () =>
      withClient(driver, async (client) => {
        const first = await client.run({ workers: 1, idempotencyKey: 'k' });
        const second = await client.run({ workers: 1, idempotencyKey: 'k' });
        assert.equal(second.duplicate, true);
        assert.equal(second.eventId, first.eventId);
        assert.notEqual(second.sentId, first.sentId);
        assert.deepEqual(await second.wait(), { ...(await first.wait()), workers: (await second.wait()).workers });
      }));

    test('a frozen server: an error that says the key; the same key then makes one event', () =>
      withClient(
        driver,
        async (client, engine) => {
          await client.run({ workers: 1, idempotencyKey: 'warm' });
          server.freeze();
          const error = await client.run({ workers: 1, idempotencyKey: 'cold' }).catch((e: unknown) => e);
          server.thaw();
          assert.ok(error instanceof SendError, String(error));
          assert.equal(error.idempotencyKey, 'cold');
          assert.equal(error.mayHaveBeenSent, true);
          const run = await client.run({ workers: 1, idempotencyKey: error.idempotencyKey });
          assert.equal((await run.wait()).ok, true);
          assert.equal(engine.events.size, 2);
        },
        { sendTimeout: 600, commandTimeout: 200, connectTimeout: 200 },
      ));

    test('frozen for a while: sent again, one event', () =>
      withClient(
        driver,
        async (client, engine) => {
          await client.run({ workers: 1, idempotencyKey: 'warm' });
          const before = proxy.connections;
          // The client gave up a try once it connects again.
          proxy.onConnection = (count) => count > before + 1 && server.thaw();
          server.freeze();
          const run = await client.run({ workers: 1, idempotencyKey: 'k' });
          assert.equal(run.resent, true);
          assert.equal((await run.wait()).ok, true);
          assert.equal(engine.events.size, 2);
        },
        { commandTimeout: 300, connectTimeout: 300 },
      ));

    test('no server: not sent, and says so', async () => {
      const { redis, close } = driver.make(1);
      const client = new Ottoscaler({ redis, sendTimeout: 300 });
      const isExpected = (e: unknown) => e instanceof SendError && !e.mayHaveBeenSent && e.fix !== '';
      await assert.rejects(client.run({ workers: 1 }), isExpected);
      await client.close();
      close();
    });
  });
