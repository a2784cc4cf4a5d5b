import type { StatusEntry } from '@ottoscaler/client';
import { OnWorker } from '@ottoscaler/client/nestjs';
import { Injectable } from '@nestjs/common';

/** Stands for a database. */
@Injectable()
export class BuildLog {
  readonly lines: string[] = [];

  @OnWorker({ taskId: 'build' })
  record(status: StatusEntry): void {
    this.lines.push(`${status.eventId} ${status.index} ${status.state}`);
  }
}
