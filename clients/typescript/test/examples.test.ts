import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { after, before, describe, test } from 'node:test';
import { root } from './support/pack.js';
import { HANG, eventually, World } from './support/world.js';

let world: World;
before(async () => {
  world = await World.start();
  await world.engine('otto:scale:events');
});
after(() => world.stop());

for (const name of ['express', 'nestjs'])
  describe(`example ${name}`, { timeout: HANG }, () => {
    const backend = withBackend(name);

    test('a build, heard to its end by a browser', async () => {
      const page = await (await fetch(backend.url())).text();
      assert.match(page, /EventSource/);
      const headers = { 'Idempotency-Key': `${name}-1` };
      const response = await fetch(`${backend.url()}/builds`, { method: 'POST', headers });
      assert.equal(response.status, 202);
      const { id } = (await response.json()) as { id: string };
      const events = await (await fetch(`${backend.url()}/builds/${id}/events`)).text();
      const workers = events.match(/^data: .*"kind":"worker".*"state":"succeeded"/gm);
      assert.equal(workers?.length, 3, events);
      assert.match(events, /event: result\n(id: \d+\n)?data: .*"ok":true/);
      const again = await fetch(`${backend.url()}/builds`, { method: 'POST', headers });
      assert.deepEqual(await again.json(), { id });
      if (name === 'nestjs') await eventually(async () => (await logOf(backend.url())).length === 3);
    });

    test('what is no event is an error', async () => {
      const response = await fetch(`${backend.url()}/builds/x/events`);
      assert.equal(response.status, 400);
      assert.match(await response.text(), /is not the ID of an entry.*"fix":"Correct/);
    });
  });

const logOf = async (url: string) => (await (await fetch(`${url}/log`)).json()) as string[];

function withBackend(name: string): { url(): string } {
  let url = '';
  let stop = async () => {};
  before(async () => {
    const file = fileURLToPath(new URL(`../examples/${name}/main.js`, import.meta.url));
    const env = { ...process.env, REDIS_URL: `redis://127.0.0.1:${world.server.port}`, PORT: '0' };
    const child = spawn(process.execPath, [file], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    stop = async () => {
      child.kill('SIGTERM');
      await exited;
    };
    for await (const line of createInterface(child.stdout)) if ((url = line)) break;
    child.stdout.resume();
  });
  after(() => stop());
  return { url: () => url };
}
