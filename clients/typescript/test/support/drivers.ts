import { Redis as Ioredis6 } from 'ioredis';
import { Redis as Ioredis5 } from 'ioredis5';
import { createClient as createClient6 } from 'redis';
import { createClient as createClient5 } from 'redis5';
import type { RedisSource } from '../../src/index.js';

/** The drivers under test, as an application would make them: with their defaults. */
export const drivers: { name: string; make(port: number): { redis: RedisSource; close(): void } }[] = [
  { name: 'ioredis 6', make: (port) => ofIoredis(new Ioredis6({ host: '127.0.0.1', port, lazyConnect: true })) },
  { name: 'ioredis 5', make: (port) => ofIoredis(new Ioredis5({ host: '127.0.0.1', port, lazyConnect: true })) },
  { name: 'node-redis 6', make: (port) => ({ redis: createClient6({ url: urlOf(port) }), close: () => {} }) },
  { name: 'node-redis 5', make: (port) => ({ redis: createClient5({ url: urlOf(port) }), close: () => {} }) },
];

const urlOf = (port: number) => `redis://127.0.0.1:${port}`;

function ofIoredis(redis: Ioredis6 | Ioredis5) {
  return { redis, close: () => redis.disconnect() };
}
