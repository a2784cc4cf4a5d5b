import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { InvalidRequestError, type Gap, type StatusEntry } from '../src/index.js';
import { HANG, eventually, promise, World } from './support/world.js';

let world: World;
before(async () => (world = await World.start()));
afterEach(() => world.clean());
after(() => world.stop());

test('the whole event is read before the reply to XADD arrives: nothing is missed', { timeout: HANG }, async () => {
  const stream = world.stream();
  await world.engine(stream);
  const client = world.client(stream);
  const read = promise();
  const onXadd = (text: string) => (/xadd/i.test(text) ? ({ kind: 'hold', until: read.kept } as const) : undefined);
  world.proxy.onCommand = onXadd;
  const running = client.run({ workers: 1 });
  for await (const item of client.follow({ from: 'start' })) if (item.kind === 'closed') break;
  read.keep();
  const run = await running;
  const seen: [number | undefined, boolean][] = [];
  for await (const { seq, fromSnapshot } of run.events()) seen.push([seq, fromSnapshot]);
  assert.deepEqual(
    seen,
    [1, 2, 3, 4].map((seq) => [seq, false]),
  );
});

describe('following', { timeout: HANG }, () => {
  test('from a saved cursor: what came after it, each once, while more comes', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream, async () => {});
    const client = world.client(stream);
    const run = await client.run({ workers: 2000 });
    for (let i = 1; i <= 1500; i++) await engine.worker(run.eventId, i, 'created');
    const addMore = async () => {
      for (let i = 1501; i <= 1600; i++) await engine.worker(run.eventId, i, 'created');
    };
    const saved = await take(client.follow({ from: 'start' }), 1200);
    const rest = client.follow({ from: saved.at(-1)!.id! });
    const [next] = await Promise.all([take(rest, 400), addMore()]);
    const seqs = [...saved, ...next].map((item) => (item as StatusEntry).seq);
    assert.deepEqual(
      seqs,
      Array.from({ length: 1600 }, (_, i) => i + 1),
    );
  });

  test('now: nothing from before', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream);
    const client = world.client(stream);
    await (await client.run({ workers: 1 })).wait();
    const following = client.follow();
    const first = following.next();
    await eventually(
      async () =>
        client.state?.connected === true && (await world.connections()).some((line) => line.includes('cmd=xread')),
    );
    const run = await client.run({ workers: 1 });
    assert.equal(((await first).value as StatusEntry).eventId, run.eventId);
    await following.return();
    assert.ok(engine.events.size === 2);
  });

  test('a trimmed cursor: a gap is told', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream);
    const client = world.client(stream);
    await (await client.run({ workers: 5 })).wait();
    const [first] = await take(client.follow({ from: 'start' }), 1);
    await world.server.admin.xtrim(engine.keys.status, 'MAXLEN', 2);
    const [gap, next] = await take(client.follow({ from: first!.id! }), 2);
    assert.deepEqual(gap, { kind: 'gap', after: first!.id, before: next!.id });
  });

  test('a gap while following is told too', async () => {
    const stream = world.stream();
    const engine = await world.engine(stream, async () => {});
    const client = world.client(stream);
    const run = await client.run({ workers: 3 });
    const following = client.follow({ from: 'start' });
    const first = (await following.next()).value as StatusEntry;
    const back = world.holdBack();
    await engine.finish(run.eventId);
    await world.server.admin.xtrim(engine.keys.status, 'MAXLEN', 1);
    back();
    const [gap, last] = await take(following, 2);
    assert.deepEqual(gap, { kind: 'gap', after: first.id, before: last!.id });
    assert.equal((last as StatusEntry).kind, 'closed');
  });

  test('a cursor that is none is refused', async () => {
    const client = world.client(world.stream());
    await assert.rejects(client.follow({ from: '$' }).next(), InvalidRequestError);
  });
});

async function take(
  items: AsyncGenerator<StatusEntry | Gap>,
  count: number,
): Promise<((StatusEntry | Gap) & { id?: string })[]> {
  const taken = [];
  for (let i = 0; i < count; i++) taken.push((await items.next()).value as StatusEntry | Gap);
  return taken;
}
