import type { Gap } from './cursor.js';
import type { Reader } from './reader.js';
import { persist } from './retry.js';
import { parseStatus, type StatusEntry } from './status.js';
import type { StatusStream } from './stream.js';
import { orAborted } from './wait.js';

/** Yields what comes after a cursor, at the pace of whoever asks: nothing is queued for them but what the reader keeps. */
export async function* follow(
  reader: Reader,
  stream: StatusStream,
  from: string,
  closed: AbortSignal,
  signal?: AbortSignal,
): AsyncGenerator<StatusEntry | Gap, void, undefined> {
  for (let cursor = from; ;) {
    let batch: readonly { id: string; fields: Record<string, string> | null }[] | undefined = reader.after(cursor);
    const changed = reader.changed.next();
    if (!batch) {
      const found = await orAborted(
        persist(() => stream.next(cursor), closed),
        signal,
      );
      if (found.gap) yield found.gap;
      if (found.gap || found.cursor !== cursor) {
        cursor = found.cursor;
        for (const { id, fields } of found.entries) yield parseStatus(id, fields ?? {});
        continue;
      }
    }
    for (const { id, fields } of batch ?? []) {
      cursor = id;
      yield parseStatus(id, fields ?? {});
    }
    if (!batch?.length) await orAborted(changed, signal);
    closed.throwIfAborted();
  }
}
