import type { Gap } from './cursor.js';
import { RedisError } from './errors.js';
import { compareIds, previousId, ZERO_ID } from './id.js';
import type { Link } from './link.js';
import { entries, pairs, readEntries, type StreamEntry } from './reply.js';

/** The commands of one consumer of a group on the status stream. Each call is one try. */
export class Group {
  /** The last entry that was delivered to anybody in the group, as far as known. */
  #delivered = ZERO_ID;

  constructor(
    private readonly links: { read: Link; command: Link },
    private readonly key: string,
    readonly name: string,
    readonly consumer: string,
    private readonly timeout: number,
  ) {}

  #call(...args: string[]): Promise<unknown> {
    return this.links.command.call(args, this.timeout);
  }

  /** Creates the group if it is missing. */
  async create(from: string): Promise<void> {
    // Redis may have lost the group in a failover: what was delivered is then not delivered again.
    const start = this.#delivered === ZERO_ID ? from : this.#delivered;
    try {
      await this.#call('XGROUP', 'CREATE', this.key, this.name, start, 'MKSTREAM');
    } catch (error) {
      if (!(error instanceof RedisError) || error.reply !== 'BUSYGROUP') throw error;
    }
    const groups = (await this.#call('XINFO', 'GROUPS', this.key)) as unknown[];
    const own = groups.map(pairs).find((group) => group['name'] === this.name);
    this.#delivered = own?.['last-delivered-id'] ?? this.#delivered;
  }

  /** New entries for this consumer; waits at most blockMs. */
  async read(count: number, blockMs: number): Promise<StreamEntry[]> {
    const group = ['GROUP', this.name, this.consumer, 'COUNT', String(count)];
    const command = ['XREADGROUP', ...group, 'BLOCK', String(blockMs), 'STREAMS', this.key, '>'];
    return readEntries(await this.links.read.call(command, blockMs + this.timeout));
  }

  /** What was missed before entries that were read. Trimming takes the oldest: if an older entry is there, nothing was. */
  async gapBefore(read: readonly StreamEntry[]): Promise<Gap | undefined> {
    const id = read[0]!.id;
    const gap = await this.#gapBefore(id);
    this.#delivered = read.at(-1)!.id;
    return gap;
  }

  async #gapBefore(id: string): Promise<Gap | undefined> {
    const older = await this.#call('XREVRANGE', this.key, previousId(id), '-', 'COUNT', '1');
    if (entries(older).length > 0) return undefined;
    const info = pairs(await this.#call('XINFO', 'STREAM', this.key));
    if (info['entries-added'] !== undefined && info['entries-added'] === info['length']) return undefined;
    return compareIds(this.#delivered, id) < 0 ? { kind: 'gap', after: this.#delivered, before: id } : undefined;
  }

  /** What this consumer was given and has not acknowledged, in pages. */
  async pending(after: string): Promise<StreamEntry[]> {
    const group = ['GROUP', this.name, this.consumer, 'COUNT', '100'];
    return readEntries(await this.#call('XREADGROUP', ...group, 'STREAMS', this.key, after));
  }

  /** Takes over what others have not acknowledged for minIdle ms. `deleted` are those that were trimmed meanwhile. */
  async takeOver(minIdle: number, count: number): Promise<{ entries: StreamEntry[]; deleted: string[] }> {
    const args = [this.key, this.name, this.consumer, String(minIdle), '0-0', 'COUNT', String(count)];
    const [, claimed, deleted] = (await this.#call('XAUTOCLAIM', ...args)) as [string, unknown, unknown[]?];
    return { entries: entries(claimed), deleted: (deleted ?? []).map(String) };
  }

  /** How often the entry was delivered; undefined: it is not this consumer's any more. */
  async deliveries(id: string): Promise<number | undefined> {
    const reply = (await this.#call('XPENDING', this.key, this.name, id, id, '1', this.consumer)) as unknown[][];
    return reply[0] ? Number(reply[0][3]) : undefined;
  }

  /** Tells that the entry is still worked on. JUSTID: it is no further delivery. */
  async keep(id: string): Promise<void> {
    await this.#call('XCLAIM', this.key, this.name, this.consumer, '0', id, 'JUSTID');
  }

  /** Counts one more delivery. */
  async again(id: string): Promise<void> {
    await this.#call('XCLAIM', this.key, this.name, this.consumer, '0', id);
  }

  async acknowledge(ids: readonly string[]): Promise<void> {
    await this.#call('XACK', this.key, this.name, ...ids);
  }
}
