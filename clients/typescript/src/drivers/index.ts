import type { Driver } from './driver.js';
import { IoredisDriver, type IoredisClient } from './ioredis.js';
import { NodeRedisDriver, type NodeRedisClient } from './node-redis.js';

/** A client of ioredis or node-redis, a function that returns one, or a driver of your own. */
export type RedisSource = IoredisClient | NodeRedisClient | Driver | (() => IoredisClient | NodeRedisClient | Driver);

/** The client itself is never used to send: it is the model of our own connections. */
export function driverOf(redis: RedisSource): Driver {
  const source: unknown = typeof redis === 'function' ? redis() : redis;
  if (typeof source !== 'object' || source === null) throw unsupported('it is not an object');
  if ('open' in source && typeof source.open === 'function' && !('duplicate' in source)) return source as Driver;
  if (!('duplicate' in source)) throw unsupported('it has no duplicate()');
  if ('isCluster' in source && source.isCluster) throw unsupported('it is a Cluster');
  if ('call' in source && 'status' in source) return new IoredisDriver(source as IoredisClient);
  if ('masters' in source || 'acquire' in source || 'totalClients' in source)
    throw unsupported('it is a cluster, a sentinel or a pool');
  if ('sendCommand' in source && 'isReady' in source) return new NodeRedisDriver(source as unknown as NodeRedisClient);
  throw unsupported('it is neither');
}

function unsupported(why: string): TypeError {
  return new TypeError(`redis must be a client of ioredis (new Redis()) or node-redis (createClient()): ${why}`);
}
