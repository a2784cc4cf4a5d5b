import { readFileSync } from 'node:fs';

const api = new URL('../../../../../api/', import.meta.url);

export type Fields = Record<string, string>;

/** The cases of one file of api/conformance. */
export function cases<T>(file: string): (T & { name: string })[] {
  return JSON.parse(readFileSync(new URL(`conformance/${file}`, api), 'utf8'));
}

/** What a client understood, in the words of the cases: snake_case, times as text, without our additions. */
export function neutral(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(neutral);
  if (!value || typeof value !== 'object') return value;
  const result: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(value)) {
    if (name === 'fields' || (name === 'fromSnapshot' && !part)) continue;
    const verbatim = name === 'metadata';
    result[names[name] ?? name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)] = verbatim ? part : neutral(part);
  }
  return result;
}

const names: Record<string, string> = {
  asked: 'n_asked',
  taken: 'n_taken',
  waiting: 'n_waiting',
  withPod: 'n_with_pod',
};
