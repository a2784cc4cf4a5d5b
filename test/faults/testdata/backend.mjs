// One replica of a backend, as its users write them: it takes jobs from its database, starts a worker for each, and records each
// outcome. It may be killed at any instant. Environment: CLIENT (folder of the TypeScript client), OTTO_REDIS and DATABASE
// (host:port), NAME, DRIVER (ioredis or node-redis).
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { CLIENT, OTTO_REDIS, DATABASE, NAME, DRIVER } = process.env;
const load = (path) => import(pathToFileURL(createRequire(`${CLIENT}/`).resolve(path)));
const { Ottoscaler, RejectedError } = await import(pathToFileURL(`${CLIENT}/dist/index.js`));
const { Redis } = await load('ioredis');
const { createClient } = await load('redis');

const [host, port] = OTTO_REDIS.split(':');
const database = new Redis(`redis://${DATABASE}`);
const redis =
  DRIVER === 'ioredis' ? new Redis({ host, port: Number(port), lazyConnect: true }) : createClient({ socket: { host, port: Number(port) } });
redis.on('error', () => {});
// Until the verdict an entry's ID may turn out to be that of a duplicate.
const otto = new Ottoscaler({ redis, acceptTimeout: 120_000 });
const mine = `jobs:started:${NAME}`;

// An outcome is recorded once, however often it is handed over: its key is that of the worker.
const consumer = otto.consume({ group: 'backend', consumer: NAME, from: 'start', claimAfter: 3000 }, async (status, { attempt }) => {
  const worker = `${status.eventId}/${status.index}`;
  const first = await database.hsetnx('outcomes', worker, status.state);
  await database.hincrby('handled', worker, 1);
  if (!first && attempt === 1) await database.lpush('problems', `${worker} was handed over twice as new`);
});
await consumer.ready;

// A job that was taken and perhaps started before a kill is started again, with the same key.
const taken = await database.lrange(mine, 0, -1);
const start = async (job) => {
  for (;;) {
    try {
      const run = await otto.run({ workers: 1, taskId: job, idempotencyKey: job, template: 'quick' });
      if (!(await database.hsetnx('events', job, run.eventId)) && (await database.hget('events', job)) !== run.eventId)
        await database.lpush('problems', `${job} has two events`);
      await database.lrem(mine, 1, job);
      return;
    } catch (error) {
      if (error instanceof RejectedError) return database.lpush('problems', `${job}: ${error.message}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};
const next = () => database.lmove('jobs', mine, 'LEFT', 'LEFT');
await Promise.all(
  Array.from({ length: 20 }, async () => {
    for (let job = taken.pop() ?? (await next()); job; job = taken.pop() ?? (await next())) await start(job);
  }),
);
await database.incr('finished');
