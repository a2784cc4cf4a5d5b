import type { WorkerSnapshot } from './snapshot.js';
import { assign, exitCode, natural, type WorkerState } from './status.js';

/** What a hostile record may make us allocate. */
export const MAX_WORKERS = 100_000;
const MAX_ATTEMPT = 1_000_000;
const MAX_TEXT = 128;
const MAX_NODE = 253;
/** The last millisecond of the year 9999. */
const MAX_MS = 253_402_300_799_999;

type Check = <T>(name: string, value: T | undefined) => T;

export function parseSlots(fields: Record<string, string>, podCount: number, check: Check): WorkerSnapshot[] {
  const workers: WorkerSnapshot[] = [];
  for (const [name, value] of Object.entries(fields)) {
    const digits = /^s([1-9][0-9]*)$/.exec(name)?.[1];
    if (!digits) continue;
    const index = check(name, natural(digits, podCount));
    workers.push(check(name, parseSlot(index, value)));
  }
  return workers.sort((a, b) => a.index - b.index);
}

/** `<attempt> <state> <uid> <node> <reason> <exit code> <Unix ms>` */
function parseSlot(index: number, value: string): WorkerSnapshot | undefined {
  const parts = value.split(' ', 8);
  if (parts.length !== 7) return undefined;
  const attempt = natural(parts[0], MAX_ATTEMPT);
  const state = part(parts[1], (text) => decode(text, MAX_TEXT));
  const uid = part(parts[2], (text) => decode(text, MAX_TEXT));
  const node = part(parts[3], (text) => decode(text, MAX_NODE));
  const reason = part(parts[4], (text) => decode(text, MAX_TEXT));
  const code = part(parts[5], exitCode);
  const ms = part(parts[6], (text) => natural(text, MAX_MS));
  const bad = [state, uid, node, reason, code, ms].some((got) => got === undefined);
  if (bad || !attempt || !state) return undefined;
  const worker: WorkerSnapshot = { index, attempt, state };
  assign(worker, 'reason', reason ?? undefined);
  assign(worker, 'exitCode', code ?? undefined);
  assign(worker, 'uid', uid ?? undefined);
  assign(worker, 'node', node ?? undefined);
  if (ms != null) worker.at = new Date(ms);
  return worker;
}

/** null: the part is `-`, which stands for none; undefined: it cannot be read. */
function part<T>(text: string | undefined, read: (text: string) => T | undefined): T | null | undefined {
  if (text === '-') return null;
  return text ? read(text) : undefined;
}

function decode(text: string, limit: number): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    return Buffer.byteLength(decoded) <= limit ? decoded : undefined;
  } catch {
    return undefined;
  }
}

const letters: Record<string, WorkerState> = { s: 'succeeded', f: 'failed', c: 'cancelled', l: 'lost' };

/** `<letter>[:<exit code>[:<reason>]][#<attempt>][*<how many in a row>]` */
const OUTCOME = /^([sfcl])(?::([^:#*]*)(?::([^#*]*))?)?(?:#([^#*]*))?(?:\*([^#*]*))?$/;

export function parseOutcomes(text: string, podCount: number): WorkerSnapshot[] | undefined {
  const workers: WorkerSnapshot[] = [];
  for (const token of text.split(' ', podCount + 1)) {
    const outcome = parseOutcome(token);
    if (!outcome || outcome.run > podCount - workers.length) return undefined;
    for (let i = 0; i < outcome.run; i++) workers.push({ index: workers.length + 1, ...outcome.worker });
  }
  return workers.length === podCount ? workers : undefined;
}

function parseOutcome(token: string): { run: number; worker: Omit<WorkerSnapshot, 'index'> } | undefined {
  const match = OUTCOME.exec(token);
  if (!match) return undefined;
  const [, letter = '', codeText, reasonText, attemptText = '1', runText = '1'] = match;
  const attempt = natural(attemptText, MAX_ATTEMPT);
  const run = natural(runText, MAX_WORKERS);
  const ok = letter === 's';
  const code = codeText ? exitCode(codeText) : ok ? 0 : null;
  const reason = reasonText ? decode(reasonText, MAX_TEXT) : ok ? 'Completed' : null;
  if (attempt === undefined || !run || code === undefined || reason === undefined) return undefined;
  const worker: Omit<WorkerSnapshot, 'index'> = { attempt, state: letters[letter]! };
  assign(worker, 'reason', reason ?? undefined);
  assign(worker, 'exitCode', code ?? undefined);
  return { run, worker };
}
