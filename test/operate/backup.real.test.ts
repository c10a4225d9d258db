import path from 'node:path';

import { SECRET_NAMES } from '../../src/config/secrets.ts';
import { type S3Server, startMinio } from '../servers/minio.ts';
import { startRedis } from '../servers/redis.ts';
import { type Server, temporaryFolder } from '../servers/server.ts';
import { describeBackup } from './backup.ts';

let minio: S3Server;
const servers: Server[] = [];
let buckets = 0;
after(async () => {
  for (const server of servers) await server.stop();
});

const aPlace = async (): Promise<Record<string, string>> => {
  const redis = await startRedis();
  servers.push(redis);
  buckets += 1;
  return { REDIS_URL: redis.url, S3_BUCKET: `backup-${buckets}` };
};

describeBackup(
  'Redis and S3',
  async () => {
    minio = await startMinio();
    servers.push(minio);
    const secrets = Object.fromEntries(
      SECRET_NAMES.filter((name) => name !== 'LABEL_STUDIO_TOKEN').map((name) => [
        name,
        name === 'LABEL_STUDIO_USERNAME' ? 'someone@example.org' : `${name}-of-the-test`,
      ]),
    );
    return {
      settings: {
        ...secrets,
        ...{ STORE: 'redis', OBJECTS: 's3', S3_ENDPOINT: minio.url },
        AWS_ACCESS_KEY_ID: minio.accessKeyId,
        AWS_SECRET_ACCESS_KEY: minio.secretAccessKey,
        ...(await aPlace()),
      },
      empty: async () => ({
        ...(await aPlace()),
        DATA_DIR: path.join(temporaryFolder('restored'), 'data'),
      }),
    };
  },
  false,
);
