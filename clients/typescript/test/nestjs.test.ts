import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, afterEach, before, describe, test } from 'node:test';
import { Change } from '../src/wait.js';
import { pack, root, unpack } from './support/pack.js';
import { HANG, eventually, World } from './support/world.js';

const versions = ['11', '12'];
let world: World;
before(async () => {
  world = await World.start();
  const tarball = await pack();
  for (const version of versions) await unpack(tarball, join(root, `test/nest${version}`));
});
afterEach(() => world.clean());
after(() => world.stop());

type Said = { ready?: true; injected?: boolean; built?: string; attempt?: number; broken?: string; destroyed?: true };

class Replica {
  readonly said: Said[] = [];
  readonly heard = new Change();
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown[]>;

  constructor(file: string, stream: string, group = '') {
    const env = { ...process.env, REDIS_PORT: String(world.server.port), STREAM: stream, GROUP: group };
    this.#child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#exit = once(this.#child, 'exit');
    createInterface(this.#child.stdout!).on('line', (line) => {
      this.said.push(JSON.parse(line) as Said);
      this.heard.fire();
    });
  }

  async ready(): Promise<void> {
    while (!this.said.some((what) => what.ready)) await this.heard.next();
  }

  async stop(): Promise<unknown> {
    this.#child.kill('SIGTERM');
    return (await this.#exit).at(-1);
  }
}

for (const version of versions)
  describe(`Nest ${version}`, { timeout: HANG }, () => {
    test('is that version, with this package', () => {
      const folder = join(root, `test/nest${version}/node_modules`);
      const common = version === '12' ? join(root, 'node_modules') : folder;
      const versionOf = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version;
      assert.equal(versionOf(join(common, '@nestjs/common/package.json')).split('.')[0], version);
      assert.equal(versionOf(join(folder, '@ottoscaler/client/package.json')), '0.1.0');
    });

    for (const kind of ['mjs', 'cjs']) {
      const file = join(root, `test/nest${version}/run.${kind}`);

      test(`two replicas of a ${kind} application share a group`, async () => {
        const stream = world.stream();
        const engine = await world.engine(stream, async () => {});
        const replicas = [new Replica(file, stream, 'g'), new Replica(file, stream, 'g')];
        await Promise.all(replicas.map((replica) => replica.ready()));
        const run = await world.client(stream).run({ workers: 20, taskId: 'build-7' });
        await engine.worker(run.eventId, 20, 'failed', { reason: 'OOMKilled', exit_code: '137' });
        await engine.finish(run.eventId);
        const said = () => replicas.flatMap((replica) => replica.said);
        while (said().filter((what) => what.built ?? what.broken).length < 20)
          await Promise.race(replicas.map((replica) => replica.heard.next()));
        // SIGTERM is what Nest's own shutdown hooks end with.
        assert.deepEqual(await Promise.all(replicas.map((replica) => replica.stop())), ['SIGTERM', 'SIGTERM']);
        const built = said().flatMap((what) => (what.built ? [what.built] : []));
        assert.equal(new Set(built).size, 19);
        assert.equal(built.length, 19);
        assert.equal(said().find((what) => what.built?.endsWith(' 1'))?.attempt, 2);
        assert.deepEqual(
          said()
            .filter((what) => what.broken)
            .map((what) => what.broken),
          ['OOMKilled'],
        );
        assert.equal(said().filter((what) => what.injected && what.ready).length, 2);
        assert.equal(said().filter((what) => what.destroyed).length, 2);
      });
    }

    test('without a group each replica handles everything', async () => {
      const stream = world.stream();
      const engine = await world.engine(stream, async () => {});
      const file = join(root, `test/nest${version}/run.mjs`);
      const replicas = [new Replica(file, stream), new Replica(file, stream)];
      await Promise.all(replicas.map((replica) => replica.ready()));
      const listening = async () => String(await world.server.admin.client('LIST')).split('cmd=xread').length - 1;
      await eventually(async () => (await listening()) >= 3); // The engine's own, too.
      const run = await world.client(stream).run({ workers: 1, taskId: 'other' });
      await engine.finish(run.eventId, 'failed', { reason: 'Error' });
      await eventually(async () => replicas.every((replica) => replica.said.some((what) => what.broken === 'Error')));
      await Promise.all(replicas.map((replica) => replica.stop()));
    });
  });
