import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pack, root, run } from './support/pack.js';
import { HANG, World } from './support/world.js';

let world: World;
let project: string;
before(async () => {
  world = await World.start();
  await world.engine('otto:scale:events');
  project = await emptyProject(await pack());
});
after(async () => {
  await rm(project, { recursive: true, force: true });
  await world.stop();
});

/** npm installs the tarball; the drivers and Nest, which it would get from a registry, are those that are here already. */
async function emptyProject(tarball: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ottoscaler-project-'));
  await writeFile(join(dir, 'package.json'), '{ "name": "empty", "private": true }\n');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: dir });
  await mkdir(join(dir, 'node_modules/@types'), { recursive: true });
  await mkdir(join(dir, 'node_modules/@nestjs'), { recursive: true });
  const linked = ['ioredis', 'redis', 'reflect-metadata', '@types/node', '@nestjs/common', '@nestjs/core'];
  for (const name of linked) await symlink(join(root, 'node_modules', name), join(dir, 'node_modules', name));
  return dir;
}

const node = (file: string) =>
  run(process.execPath, [file], {
    cwd: project,
    env: { ...process.env, REDIS_URL: `redis://127.0.0.1:${world.server.port}` },
  });

const tsc = (...args: string[]) =>
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args], { cwd: project });

describe('the packed package', { timeout: HANG }, () => {
  test('has no dependencies, and only what it needs', async () => {
    const installed = join(project, 'node_modules/@ottoscaler/client');
    assert.deepEqual((await readdir(installed)).sort(), ['LICENSE', 'README.md', 'dist', 'package.json']);
    const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
    assert.equal(manifest['dependencies'], undefined);
  });

  test('its types are complete without those of any Redis client', async () => {
    const source =
      "import { Ottoscaler } from '@ottoscaler/client';\nexport const client = new Ottoscaler({ redis: {} as never });\n";
    await writeFile(join(project, 'types.mts'), source);
    const options = [
      '--strict',
      '--noEmit',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2023,esnext.disposable,dom',
    ];
    await tsc(...options, '--types', '', 'types.mts');
  });

  test('the lock file names no registry', async () => {
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string }>;
    };
    const resolved = Object.values(lock.packages).flatMap((entry) => entry.resolved ?? []);
    assert.deepEqual(
      resolved.filter((url) => url.includes(':')),
      [],
    );
  });
});

describe('README', { timeout: HANG }, async () => {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  const blocks = [...text.matchAll(/^```(js|ts) runnable\n(.*?)^```$/gms)].map(([, language, code]) => ({
    language,
    code: code!,
  }));

  test('has blocks to run', () => assert.ok(blocks.length >= 7));

  blocks.forEach(({ language, code }, i) => {
    const headline = code.split('\n').find((line) => line.includes('client.') || line.includes('class ')) ?? '';
    test(`block ${i + 1} runs: ${headline.trim()}`, async () => {
      const extension = language === 'ts' ? 'mts' : code.includes('require(') ? 'cjs' : 'mjs';
      const file = join(project, `block${i}.${extension}`);
      await writeFile(file, code);
      if (language === 'ts') {
        const decorators = ['--experimentalDecorators', '--emitDecoratorMetadata'];
        const options = ['--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022', '--types', 'node'];
        await tsc(...options, ...decorators, file);
      }
      const { stdout, stderr } = await node(file.replace(/\.mts$/, '.mjs'));
      assert.equal(stderr, '');
      assert.notEqual(stdout, '');
    });
  });
});
