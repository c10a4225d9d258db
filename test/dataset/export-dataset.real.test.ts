import { makeSecret, SECRET_NAMES } from '../../src/config/secrets.ts';
import { type S3Server, startMinio } from '../servers/minio.ts';
import { startRedis } from '../servers/redis.ts';
import type { Server } from '../servers/server.ts';
import { describeExportedDataset } from './exported-dataset.ts';

let servers: Server[] = [];

describeExportedDataset('Redis and S3', async () => {
  const [redis, minio]: [Server, S3Server] = await Promise.all([startRedis(), startMinio()]);
  servers = [redis, minio];
  const secrets = SECRET_NAMES.filter((name) => name !== 'LABEL_STUDIO_TOKEN').map(
    (name) => [name, makeSecret(name)] as const,
  );
  return {
    STORE: 'redis',
    REDIS_URL: redis.url,
    OBJECTS: 's3',
    S3_ENDPOINT: minio.url,
    S3_BUCKET: 'exported',
    AWS_ACCESS_KEY_ID: minio.accessKeyId,
    AWS_SECRET_ACCESS_KEY: minio.secretAccessKey,
    ...Object.fromEntries(secrets),
  };
});

after(() => Promise.all(servers.map((server) => server.stop())));
