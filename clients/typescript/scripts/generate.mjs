// Makes src/generated from the repository's api/: `npm run generate`. A test fails when they differ.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { compile } from 'json-schema-to-typescript';

const api = new URL('../../../api/', import.meta.url);
const to = new URL('../src/generated/', import.meta.url);
const banner = (source) => `// Made by "npm run generate" from api/${source}: change it there.\n`;

/** The generated files: name and content. */
export async function generate() {
  return { 'stream-entry.ts': await streamEntry(), 'errors.ts': errors() };
}

async function streamEntry() {
  const schema = JSON.parse(readFileSync(new URL('stream-entry.schema.json', api), 'utf8'));
  const rules = {};
  for (const [name, { pattern, minLength, maxLength, enum: values }] of Object.entries(schema.properties))
    rules[name] = { pattern, minLength, maxLength, values };
  // The generator knows no if/then/else; which fields belong to which type is checked in request.ts.
  const { if: _if, then: _then, else: _else, ...flat } = schema;
  const types = await compile({ ...flat, title: 'StreamEntryFields' }, 'StreamEntryFields', {
    bannerComment: '',
    style: { singleQuote: true, printWidth: 120 },
  });
  return [
    banner('stream-entry.schema.json'),
    types,
    'export interface Rule {\n  pattern?: string;\n  minLength?: number;\n  maxLength?: number;\n  values?: string[];\n}\n',
    `export const rules: Record<string, Rule> = ${JSON.stringify(rules, null, 2)};\n`,
    `export const metadataMaxLength = ${schema.additionalProperties.maxLength};\n`,
    'export const entryFields: ReadonlySet<string> = new Set(Object.keys(rules));\n',
  ].join('\n');
}

/** Until api/errors.json exists the table is empty, and errors have a code without a fix. */
function errors() {
  const file = new URL('errors.json', api);
  const table = {};
  if (existsSync(file)) {
    const list = JSON.parse(readFileSync(file, 'utf8'));
    const entries = Array.isArray(list) ? list : (list.errors ?? list);
    for (const entry of Array.isArray(entries) ? entries : Object.entries(entries).map(([code, e]) => ({ code, ...e })))
      table[entry.code] = { title: entry.title ?? '', fix: entry.fix ?? '' };
  }
  return [
    banner('errors.json'),
    `export const fixes: Record<string, { title: string; fix: string }> = ${JSON.stringify(table, null, 2)};\n`,
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  for (const [name, text] of Object.entries(await generate())) writeFileSync(new URL(name, to), text);
