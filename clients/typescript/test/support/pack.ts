import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const run = promisify(execFile);

/** The package's own folder. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** What would be published: a tarball in a new folder. */
export async function pack(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ottoscaler-pack-'));
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', dir], { cwd: root });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(dir, filename);
}

/** Unpacks it as npm would: the tarball has no dependencies to install. */
export async function unpack(tarball: string, project: string): Promise<void> {
  const target = join(project, 'node_modules/@ottoscaler/client');
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
}
