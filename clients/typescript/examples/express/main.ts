import { Ottoscaler } from '@ottoscaler/client';
import { Redis } from 'ioredis';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { makeApp } from './app.js';

const {
  REDIS_URL = 'redis://127.0.0.1:6379',
  PORT = '3000',
  PAGE = `${process.cwd()}/examples/index.html`,
} = process.env;
const client = new Ottoscaler({
  redis: new Redis(REDIS_URL, { lazyConnect: true }),
  onState: (state) => state.connected || console.error('no contact with Redis since', state.since),
});
const server = makeApp(client, PAGE).listen(Number(PORT));
await once(server, 'listening');
console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);

process.once('SIGTERM', async () => {
  server.close();
  await client.close(); // Ends the event streams, for which close() would wait.
});
