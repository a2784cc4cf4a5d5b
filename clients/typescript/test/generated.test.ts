import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fixes } from '../src/generated/errors.js';
import { OttoscalerError } from '../src/errors.js';

const root = new URL('../../', import.meta.url);

test('src/generated is what api/ says', async () => {
  const url = new URL('scripts/generate.mjs', root).href;
  const { generate } = (await import(url)) as { generate(): Promise<Record<string, string>> };
  for (const [name, text] of Object.entries(await generate()))
    assert.equal(readFileSync(new URL(`src/generated/${name}`, root), 'utf8'), text, `${name}: run "npm run generate"`);
});

test('each code has a fix', () => {
  assert.ok(Object.keys(fixes).length > 20);
  for (const code of Object.keys(fixes)) assert.notEqual(new OttoscalerError(code, 'x').fix, '', code);
});
