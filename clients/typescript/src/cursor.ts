import { compareIds, ZERO_ID } from './id.js';

/** Something was, or may have been, missed: entries after `after` and before `before`. */
export interface Gap {
  kind: 'gap';
  after: string;
  /** The next entry that is there; lower than `after` if Redis lost entries that were seen already. */
  before: string;
}

/** What a read of the status stream found. */
export interface Read {
  ids: readonly string[];
  /** Whether the stream still has the cursor's own entry: trimming takes the oldest first. */
  cursorExists: boolean;
  /** The stream's last-generated-id, if nothing was read. */
  lastGeneratedId?: string;
}

/** Decides where the cursor is after a read, and whether something was missed. */
export function advance(cursor: string, read: Read): { cursor: string; gap?: Gap } {
  const [first] = read.ids;
  const last = read.ids.at(-1);
  if (first !== undefined && last !== undefined) {
    if (cursor === ZERO_ID || read.cursorExists) return { cursor: last };
    return { cursor: last, gap: { kind: 'gap', after: cursor, before: first } };
  }
  const generated = read.lastGeneratedId;
  if (generated === undefined || compareIds(generated, cursor) === 0) return { cursor };
  // From the start nothing was seen, so nothing was missed.
  if (cursor === ZERO_ID) return { cursor: generated };
  return { cursor: generated, gap: { kind: 'gap', after: cursor, before: generated } };
}
