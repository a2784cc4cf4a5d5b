import { InvalidRequestError, OttoscalerError, RejectedError } from '@ottoscaler/client';
import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Response } from 'express';

/** Answers with the code and what to do. */
@Catch(OttoscalerError)
export class ErrorFilter implements ExceptionFilter<OttoscalerError> {
  catch(error: OttoscalerError, host: ArgumentsHost): void {
    const status = error instanceof InvalidRequestError ? 400 : error instanceof RejectedError ? 422 : 503;
    const { code, fix } = error;
    host
      .switchToHttp()
      .getResponse<Response>()
      .status(status)
      .json({ error: String(error), code, fix });
  }
}
