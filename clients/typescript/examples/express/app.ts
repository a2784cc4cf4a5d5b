import { InvalidRequestError, Ottoscaler, RejectedError, type Run } from '@ottoscaler/client';
import express, { type ErrorRequestHandler, type Express, type Response } from 'express';
import { once } from 'node:events';

/** A build is three workers; the browser hears of them while they run. */
export function makeApp(client: Ottoscaler, page: string): Express {
  const app = express();
  app.get('/', (_req, res) => res.sendFile(page));

  app.post('/builds', async (req, res) => {
    // The browser's own key makes a request that it repeats the same build.
    const idempotencyKey = req.get('Idempotency-Key') ?? '';
    const run = await client.run({ workers: 3, taskId: 'build', idempotencyKey });
    res.status(202).json({ id: run.eventId });
  });

  app.get('/builds/:id/events', async (req, res) => {
    const gone = new AbortController();
    res.on('close', () => gone.abort());
    const run = await client.attach(req.params.id, { signal: gone.signal });
    res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    await stream(run, res, gone.signal);
  });

  app.use(answerError);
  return app;
}

async function stream(run: Run, res: Response, signal: AbortSignal): Promise<void> {
  try {
    for await (const { fields: _fields, ...status } of run.events({ signal }))
      if (!res.write(`data: ${JSON.stringify(status)}\n\n`)) await once(res, 'drain', { signal });
    res.end(`event: result\ndata: ${JSON.stringify(await run.wait({ signal }))}\n\n`);
  } catch (error) {
    if (!signal.aborted) res.end(`event: problem\ndata: ${JSON.stringify({ error: String(error) })}\n\n`);
  }
}

const answerError: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error);
  const status = error instanceof InvalidRequestError ? 400 : error instanceof RejectedError ? 422 : 503;
  res.status(status).json({ error: String(error), code: error.code, fix: error.fix });
};
