import { once } from 'node:events';
import { Redis } from 'ioredis';
import { Keys } from '../../src/keys.js';
import { entries, readEntries } from '../../src/reply.js';

type Fields = Record<string, string>;
type Event = { id: string; fields: Fields; seq: number; slots: Map<number, Fields> };

/**
 * Writes what Ottoscaler writes: status entries with seq, records, dead letters. It decides on entries at once, and lets
 * workers run as a test says.
 */
export class Engine {
  readonly keys: Keys;
  readonly events = new Map<string, Event>();
  readonly #owners = new Map<string, string>();
  readonly #redis: Redis;
  readonly #blocking: Redis;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    port: number,
    stream: string,
    /** Called once an event is accepted, in place of letting its workers succeed at once. */
    private readonly work?: (event: Event, engine: Engine) => Promise<void>,
  ) {
    this.keys = new Keys(stream);
    this.#redis = new Redis({ host: '127.0.0.1', port, protocol: 2 });
    this.#blocking = new Redis({ host: '127.0.0.1', port, protocol: 2 });
  }

  async start(): Promise<this> {
    await Promise.all([this.#redis, this.#blocking].map((redis) => redis.status === 'ready' || once(redis, 'ready')));
    this.#running = this.#run();
    return this;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#blocking.disconnect();
    await this.#running;
    this.#redis.disconnect();
  }

  async #run(): Promise<void> {
    for (let cursor = '0-0'; !this.#stopped;) {
      const reply = await this.#blocking
        .call('XREAD', 'BLOCK', '1000', 'STREAMS', this.keys.stream, cursor)
        .catch(() => null);
      for (const { id, fields } of readEntries(reply)) {
        cursor = id;
        await this.decide(id, fields!);
      }
    }
  }

  async decide(id: string, fields: Fields): Promise<void> {
    if (fields['queue'] === 'unknown') return this.reject(id, 'unknown_queue', 'there is no queue "unknown"');
    const key = fields['idempotency_key'];
    const owner = key === undefined ? undefined : this.#owners.get(key);
    if (owner) return this.#duplicate(id, owner);
    if (key !== undefined) this.#owners.set(key, id);
    const event = { id, fields, seq: 0, slots: new Map<number, Fields>() };
    this.events.set(id, event);
    await this.#tell(event, { kind: 'accepted' });
    if (fields['type'] !== 'scale_up') return this.#place(event);
    await (this.work ? this.work(event, this) : this.finish(id));
  }

  async #place(event: Event): Promise<void> {
    await this.#tell(event, { kind: event.fields['type'] === 'cancel' ? 'cancelling' : 'scaled_down' });
    const target = this.events.get(event.fields['event_id'] ?? '');
    if (target) await this.finish(target.id, 'cancelled', { reason: 'Cancelled', by_event: event.id });
    await this.close(event.id, { n_cancelled: target ? target.fields['pod_count']! : '0' });
  }

  async #duplicate(id: string, of: string): Promise<void> {
    await this.#write(
      [['status', { kind: 'duplicate', event_id: id, seq: '1', duplicate_of: of }]],
      [['SET', this.keys.mark, id]],
    );
  }

  async reject(id: string, reason: string, message: string): Promise<void> {
    const status = { kind: 'rejected', event_id: id, seq: '1', reason, code: 'OTTO401', message };
    const letter = { original_id: id, reason_code: reason, reason: message, code: 'OTTO401' };
    await this.#write(
      [
        ['status', status],
        ['dead', letter],
      ],
      [['SET', this.keys.mark, id]],
    );
  }

  /** One status of one worker. */
  async worker(id: string, index: number, state: string, more: Fields = {}): Promise<void> {
    const event = this.events.get(id)!;
    const fields = { index: String(index), attempt: '1', state, ...more };
    event.slots.set(index, fields);
    await this.#tell(event, { kind: 'worker', worker: `otto-agent-${index}-${id}`, ...fields });
  }

  /** Gives each worker without an outcome this one, and closes the event. */
  async finish(id: string, state = 'succeeded', more: Fields = { reason: 'Completed', exit_code: '0' }): Promise<void> {
    const event = this.events.get(id)!;
    const count = Number(event.fields['pod_count']);
    for (let i = 1; i <= count; i++)
      if (!isOver(event.slots.get(i))) {
        await this.worker(id, i, 'created', { pod: `p${i}` });
        await this.worker(id, i, state, more);
      }
    const number = (s: string) => String([...event.slots.values()].filter((slot) => slot['state'] === s).length);
    const [succeeded, failed, cancelled, lost] = ['succeeded', 'failed', 'cancelled', 'lost'].map(number);
    await this.close(id, { n_succeeded: succeeded!, n_failed: failed!, n_cancelled: cancelled!, n_lost: lost! });
  }

  async close(id: string, counts: Fields): Promise<void> {
    const all = { n_succeeded: '0', n_failed: '0', n_cancelled: '0', n_lost: '0', ...counts };
    await this.#tell(this.events.get(id)!, { kind: 'closed', ...all }, all);
  }

  async #tell(event: Event, status: Fields, counts?: Fields): Promise<void> {
    event.seq++;
    const { task_id, queue = 'default' } = event.fields;
    const at = '2026-11-28T15:49:00.000Z';
    const entry = { ...status, event_id: event.id, ...(task_id && { task_id }), queue, seq: String(event.seq), at };
    await this.#write(
      [['status', entry]],
      [
        ['HSET', this.keys.event(event.id), ...Object.entries(this.#record(event, at, counts)).flat()],
        ['SET', this.keys.mark, event.id],
      ],
    );
  }

  #record(event: Event, at: string, counts?: Fields): Fields {
    const { type = '', pod_count, task_id } = event.fields;
    const record: Fields = { type, accepted_at: at, seq: String(event.seq) };
    if (pod_count) record['pod_count'] = pod_count;
    if (task_id) record['task_id'] = task_id;
    if (event.fields['event_id']) record['m:event_id'] = event.fields['event_id'];
    if (counts) Object.assign(record, counts, { settled: at, closed: at });
    if (counts && type === 'scale_up') record['outcomes'] = [...event.slots.values()].map(outcome).join(' ');
    if (!counts) for (const [i, slot] of event.slots) record[`s${i}`] = `1 ${slot['state']} - - - - -`;
    return record;
  }

  /** In one transaction, as Ottoscaler does. */
  async #write(added: ['status' | 'dead', Fields][], commands: string[][]): Promise<void> {
    const multi = this.#redis.multi();
    for (const [stream, fields] of added) multi.xadd(this.keys[stream], '*', ...Object.entries(fields).flat());
    for (const [name, ...args] of commands) multi.call(name!, ...args);
    await multi.exec();
  }

  /** All entries of the source stream. */
  async sent(): Promise<Fields[]> {
    return entries(await this.#redis.xrange(this.keys.stream, '-', '+')).map((entry) => entry.fields!);
  }
}

const isOver = (slot?: Fields) => slot !== undefined && slot['state'] !== 'created' && slot['state'] !== 'running';

function outcome(slot: Fields): string {
  return slot['state'] === 'succeeded'
    ? 's'
    : `${slot['state']![0]}:${slot['exit_code'] ?? ''}:${slot['reason'] ?? ''}`;
}
