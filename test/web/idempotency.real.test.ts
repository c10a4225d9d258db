import { Redis } from 'ioredis';

import { openRedisStore } from '../../src/adapters/redis/open-redis-store.ts';
import { startRedis } from '../servers/redis.ts';
import type { Server } from '../servers/server.ts';
import { describeIdempotency } from './idempotency.ts';

let redis: Server;
let client: Redis;
const opened: { close(): Promise<void> }[] = [];
before(async function () {
  this.timeout(60_000);
  redis = await startRedis();
  client = new Redis(redis.url);
});
after(async () => {
  for (const store of opened) await store.close();
  client.disconnect();
  await redis.stop();
});

describeIdempotency('Redis, a connection each', async () => {
  await client.flushall();
  const stores = [
    await openRedisStore({ url: redis.url }),
    await openRedisStore({ url: redis.url }),
  ] as const;
  opened.push(...stores);
  return stores;
});
