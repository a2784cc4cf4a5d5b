import type { Ottoscaler } from '@ottoscaler/client';
import { InjectOttoscaler } from '@ottoscaler/client/nestjs';
import {
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Post,
  Sse,
  StreamableFile,
  type MessageEvent,
} from '@nestjs/common';
import { createReadStream } from 'node:fs';
import { Observable } from 'rxjs';
import { BuildLog } from './build-log.js';

@Controller()
export class BuildsController {
  constructor(
    @InjectOttoscaler() private readonly client: Ottoscaler,
    @Inject(BuildLog) private readonly log: BuildLog,
  ) {}

  @Get()
  page(): StreamableFile {
    const { PAGE = `${process.cwd()}/examples/index.html` } = process.env;
    return new StreamableFile(createReadStream(PAGE), { type: 'text/html' });
  }

  /** A build is three workers. */
  @Post('builds')
  @HttpCode(202)
  async start(@Headers('idempotency-key') idempotencyKey = ''): Promise<{ id: string }> {
    const run = await this.client.run({ workers: 3, taskId: 'build', idempotencyKey });
    return { id: run.eventId };
  }

  @Get('log')
  handled(): string[] {
    return this.log.lines;
  }

  @Sse('builds/:id/events')
  events(@Param('id') id: string): Observable<MessageEvent> {
    return new Observable((subscriber) => {
      const gone = new AbortController();
      this.#send(id, gone.signal, (message) => subscriber.next(message)).then(
        () => subscriber.complete(),
        (error: unknown) => gone.signal.aborted || subscriber.error(error),
      );
      return () => gone.abort();
    });
  }

  async #send(id: string, signal: AbortSignal, next: (message: MessageEvent) => void): Promise<void> {
    const run = await this.client.attach(id, { signal });
    for await (const { fields: _fields, ...status } of run.events({ signal })) next({ data: status });
    next({ type: 'result', data: await run.wait({ signal }) });
  }
}
