import { AbortedError } from './errors.js';

const FIRST_BACKOFF_MS = 50;

/** Grows from 50 ms to the limit, spread so that many clients do not come back at the same moment. */
export function backoff(attempt: number, limitMs = 5000): number {
  const full = Math.min(limitMs, FIRST_BACKOFF_MS * 2 ** Math.min(attempt, 20));
  return full * (0.5 + Math.random() / 2);
}

/** Resolves after the time, rejects with an AbortedError. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new AbortedError(signal));
    const onAbort = () => {
      clearTimeout(timer);
      reject(new AbortedError(signal!));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The promise's result unless the signal is aborted before. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined, eventId?: string): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new AbortedError(signal, eventId));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** The promise's result, or that of late() once the time is over. */
export function orLate<T>(promise: Promise<T>, ms: number, late: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      try {
        resolve(late());
      } catch (error) {
        reject(error);
      }
    }, ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Tells any number of waiters that something changed. A change before next() is called is not seen: look first. */
export class Change {
  #promise?: Promise<void>;
  #resolve?: () => void;

  next(): Promise<void> {
    this.#promise ??= new Promise((resolve) => (this.#resolve = resolve));
    return this.#promise;
  }

  fire(): void {
    this.#resolve?.();
    this.#promise = this.#resolve = undefined;
  }
}
