import { AbortedError, ClientClosedError, ConnectionError, RedisError, SendError } from './errors.js';
import type { Link } from './link.js';
import { backoff, sleep } from './wait.js';

/** Replies after which the same command may succeed, and did nothing yet. */
const AGAIN =
  /^-?(LOADING|READONLY|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|OOM|BUSY|NOREPLICAS|MISCONF|ERR max number of clients)\b/;

export function isTransient(error: unknown): boolean {
  return error instanceof ConnectionError || (error instanceof RedisError && AGAIN.test(error.message));
}

export interface Sent {
  id: string;
  /** A try before it had no reply: it may have arrived too, as a duplicate of this one or the other way round. */
  resent: boolean;
}

/**
 * XADDs the entry until Redis answers with its ID. Each try has the same idempotency key, which makes one event of all
 * that arrive.
 */
export async function send(
  link: Link,
  stream: string,
  fields: Record<string, string>,
  limits: { deadline: number; commandTimeout: number; signal?: AbortSignal },
): Promise<Sent> {
  const key = fields['idempotency_key']!;
  const command = ['XADD', stream, '*', ...Object.entries(fields).flat()];
  let unanswered = false;
  for (let tries = 0; ; tries++) {
    const left = limits.deadline - performance.now();
    try {
      const id = await abortable(link.call(command, Math.min(limits.commandTimeout, Math.max(left, 1))), limits.signal);
      return { id: String(id), resent: unanswered };
    } catch (error) {
      if (error instanceof AbortedError) throw new SendError(key, true, error);
      if (error instanceof ConnectionError && error.written) unanswered = true;
      const over = limits.deadline - performance.now() <= 0;
      if (over || !isTransient(error)) throw unanswered || over ? new SendError(key, unanswered, error) : error;
    }
    await pause(tries, limits, key, unanswered);
  }
}

async function pause(
  tries: number,
  limits: { deadline: number; signal?: AbortSignal },
  key: string,
  unanswered: boolean,
) {
  const ms = Math.min(backoff(tries, 2000), Math.max(limits.deadline - performance.now(), 0));
  try {
    await sleep(ms, limits.signal);
  } catch (error) {
    throw new SendError(key, unanswered, error);
  }
}

/** The command goes on; only its reply is not waited for any more. */
function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new AbortedError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Repeats what may be repeated at will until it succeeds, fails for good, or the signal is aborted. */
export async function persist<T>(action: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      return await action();
    } catch (error) {
      if (signal.aborted) throw new ClientClosedError();
      if (!isTransient(error)) throw error;
    }
    await sleep(backoff(failures), signal).catch(() => {
      throw new ClientClosedError();
    });
  }
}
