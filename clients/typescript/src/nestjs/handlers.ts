import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Ottoscaler } from '../client.js';
import type { Consumer, HandlerContext } from '../consumer.js';
import type { Gap } from '../cursor.js';
import type { StatusEntry } from '../status.js';
import { MODULE_OPTIONS_TOKEN, type OttoscalerModuleOptions } from './options.js';
import { matches, ON_WORKER, type OnWorkerOptions, type WorkerHandler } from './on-worker.js';

interface Registered {
  options: OnWorkerOptions;
  handle: WorkerHandler;
}

/** Finds the methods with @OnWorker() and calls them. */
@Injectable()
export class WorkerHandlers implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #log = new Logger('Ottoscaler');
  readonly #stop = new AbortController();
  #handlers: Registered[] = [];
  #consumer?: Consumer;
  #following?: Promise<void>;

  // By token: nothing depends on emitted types of parameters, which esbuild and type stripping do not have.
  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(MetadataScanner) private readonly scanner: MetadataScanner,
    @Inject(Ottoscaler) private readonly client: Ottoscaler,
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: OttoscalerModuleOptions,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.#handlers = this.#find();
    if (this.#handlers.length === 0) return;
    if (!this.options.consume) {
      this.#following = this.#follow();
      return;
    }
    this.#consumer = this.client.consume(
      {
        onGap: (gap) => this.#warn(gap),
        onError: (error, status) => this.#log.error(`handler failed; trying again: ${status.id}`, stackOf(error)),
        ...this.options.consume,
        filter: (status) => this.#handlers.some(({ options }) => matches(options, status)),
      },
      (status, context) => this.#dispatch(status, context),
    );
    await this.#consumer.ready;
  }

  /** Before other providers close what the handlers use. The client itself is closed later: requests may still send. */
  async onModuleDestroy(): Promise<void> {
    this.#stop.abort();
    await this.#consumer?.close();
    await this.#following;
  }

  #find(): Registered[] {
    return this.discovery.getProviders().flatMap((wrapper) => {
      const instance: unknown = wrapper.instance;
      // Providers of one request do not exist when there is no request.
      if (!wrapper.isDependencyTreeStatic() || typeof instance !== 'object' || instance === null) return [];
      return this.#methodsOf(instance as Record<string, WorkerHandler>);
    });
  }

  #methodsOf(instance: Record<string, WorkerHandler>): Registered[] {
    return this.scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object).flatMap((name) => {
      const method = instance[name];
      const options = method && (Reflect.getMetadata(ON_WORKER, method) as OnWorkerOptions | undefined);
      return options ? [{ options, handle: method.bind(instance) }] : [];
    });
  }

  /** With a group: one that throws makes the status come again, to all of them. */
  async #dispatch(status: StatusEntry, context: HandlerContext): Promise<void> {
    for (const { options, handle } of this.#handlers) if (matches(options, status)) await handle(status, context);
  }

  /** Without a group each replica handles everything, from now on, once. */
  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const item of this.client.follow({ signal })) {
        if (item.kind === 'gap') this.#warn(item as Gap);
        else await this.#dispatch(item as StatusEntry, { attempt: 1, signal }).catch((e) => this.#failed(e));
      }
    } catch (error) {
      if (!signal.aborted) this.#log.error('stopped following the status stream', stackOf(error));
    }
  }

  #failed(error: unknown): void {
    this.#log.error('handler failed; without a group it is not tried again', stackOf(error));
  }

  #warn(gap: Gap): void {
    this.#log.warn(`statuses after ${gap.after} and before ${gap.before} were trimmed before they were read`);
  }
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : String(error);
}
