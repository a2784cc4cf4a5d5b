// Runs the compiled tests: `npm test`, or `npm test -- send reader` for some files.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const dir = new URL('../.build/test/', import.meta.url);
const wanted = process.argv.slice(2);
// By name: Node 20 and later versions differ in how they take folders and globs.
const files = readdirSync(dir)
  .filter((name) => name.endsWith('.test.js') && (wanted.length === 0 || wanted.some((part) => name.includes(part))))
  .map((name) => fileURLToPath(new URL(name, dir)));
// A few at a time: each starts a redis-server and measures no time.
const args = ['--test', '--test-reporter=spec', '--test-concurrency=2', ...files];
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
process.exit(status ?? 1);
