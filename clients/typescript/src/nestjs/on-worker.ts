import { SetMetadata } from '@nestjs/common';
import type { HandlerContext } from '../consumer.js';
import { isOutcome, type Outcome, type StatusEntry } from '../status.js';

export const ON_WORKER = 'ottoscaler:on-worker';

/** Which outcomes a method handles. Without any of these: all. */
export interface OnWorkerOptions {
  states?: readonly Outcome[];
  queue?: string;
  taskId?: string | RegExp;
}

export type WorkerHandler = (status: StatusEntry, context: HandlerContext) => unknown;

/** Calls the method of a provider for outcomes of workers: `(status, { attempt, signal }) => Promise<void>`. */
export function OnWorker(options: OnWorkerOptions = {}): MethodDecorator {
  return SetMetadata(ON_WORKER, options);
}

export function matches(options: OnWorkerOptions, status: StatusEntry): boolean {
  if (status.kind !== 'worker' || !isOutcome(status.state)) return false;
  if (options.states && !options.states.includes(status.state)) return false;
  if (options.queue !== undefined && options.queue !== status.queue) return false;
  if (options.taskId === undefined) return true;
  const taskId = status.taskId ?? '';
  return typeof options.taskId === 'string' ? options.taskId === taskId : taskId.search(options.taskId) >= 0;
}
