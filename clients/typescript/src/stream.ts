import { advance, type Gap } from './cursor.js';
import { RedisError } from './errors.js';
import { compareIds, ZERO_ID } from './id.js';
import type { Link } from './link.js';
import { entries, pairs, readEntries, type StreamEntry } from './reply.js';

const COUNT = '512';

/** What a read of the status stream from a cursor found, and where the next one begins. */
export interface Batch {
  entries: StreamEntry[];
  cursor: string;
  gap?: Gap;
}

/** Reads the status stream on one link and notices what it missed. */
export class StatusStream {
  constructor(
    private readonly link: Link,
    private readonly key: string,
    private readonly timeout: number,
  ) {}

  /** What comes after the cursor; waits for it at most blockMs (0: not at all). */
  async read(cursor: string, blockMs: number): Promise<Batch> {
    const wait = blockMs > 0 ? ['BLOCK', String(blockMs)] : [];
    // In one go: Redis looks for the cursor's entry right after it answered the read. Before it would be too early.
    const [read, own] = await this.link.callAll(
      [
        ['XREAD', 'COUNT', COUNT, ...wait, 'STREAMS', this.key, cursor],
        ['XRANGE', this.key, cursor, cursor],
      ],
      blockMs + this.timeout,
    );
    const found = readEntries(read);
    const ids = found.map((entry) => entry.id);
    return { entries: found, ...advance(cursor, { ids, cursorExists: entries(own).length > 0 }) };
  }

  /** What comes after the cursor, without waiting. */
  async next(cursor: string): Promise<Batch> {
    const batch = await this.read(cursor, 0);
    return batch.entries.length > 0 ? batch : this.check(cursor);
  }

  /**
   * A cursor that the stream has: after a failover it can be beyond the stream's end, where XREAD would wait for long.
   * Reads too, so that an entry that is added meanwhile is no gap.
   */
  async check(cursor: string): Promise<Batch> {
    const last = await this.lastId();
    if (compareIds(last, cursor) < 0) return { entries: [], ...advance(cursor, emptyUpTo(last)) };
    const batch = await this.read(cursor, 0);
    if (batch.entries.length > 0) return batch;
    return { entries: [], ...advance(cursor, emptyUpTo(last)) };
  }

  async lastId(): Promise<string> {
    try {
      const info = pairs(await this.link.call(['XINFO', 'STREAM', this.key], this.timeout));
      return info['last-generated-id'] ?? ZERO_ID;
    } catch (error) {
      if (error instanceof RedisError && error.message.includes('no such key')) return ZERO_ID;
      throw error;
    }
  }
}

function emptyUpTo(lastGeneratedId: string) {
  return { ids: [], cursorExists: false, lastGeneratedId };
}
