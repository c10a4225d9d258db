import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { openDiskObjects } from '../adapters/disk/open-disk-objects.ts';
import { openRedisStore } from '../adapters/redis/open-redis-store.ts';
import { openS3Objects } from '../adapters/s3/open-s3-objects.ts';
import { createS3Circuit } from '../adapters/s3/s3-circuit.ts';
import { openSqliteStore } from '../adapters/sqlite/open-sqlite-store.ts';
import type { Config } from '../config/parse-config.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Store } from '../ports/store.ts';

/** Everything that outlives the process. */
export interface Records {
  readonly store: Store;
  readonly objects: ObjectStore;
  close(): Promise<void>;
}

/** The records of a running service. */
export interface RecordsInService extends Records {
  /** Keeps a role's metrics informed of what stands behind the records. */
  showIn(meter: Meter): void;
}

/**
 * Opens store and object store, and makes sure that the sampling key is the one that the records were made with: with
 * another key the permanent random numbers, and with them every known probability, would be void.
 * @throws StoreUnusable, ConfigInvalid
 */
export async function openRecords(config: Config, log: Log): Promise<RecordsInService> {
  const store = await openStore(config, log);
  try {
    await store.holdFingerprint('sampling_key', fingerprintOf(config.SAMPLING_KEY));
    const circuit = createS3Circuit();
    const objects = await openObjects(config, circuit);
    const close = async (): Promise<void> => {
      await objects.close();
      await store.close();
    };
    const showIn = (meter: Meter): void => {
      if (config.OBJECTS === 's3') circuit.showIn(meter);
    };
    return { store, objects, showIn, close };
  } catch (error) {
    await store.close();
    throw error;
  }
}

const fingerprintOf = (key: string): string =>
  createHash('sha256').update(`fingerprint:v1:${key}`).digest('hex').slice(0, 32);

/** The file of all records, with STORE=sqlite. */
export const databasePath = ({ DATA_DIR }: Config): string => join(DATA_DIR, 'truthloop.sqlite');

/** The store that the settings name. @throws StoreUnusable, StoreUnavailable */
export function openStore(config: Config, log: Log): Promise<Store> {
  if (config.STORE === 'redis' && config.REDIS_URL !== undefined)
    return openRedisStore({ url: config.REDIS_URL, durability: config.REDIS_DURABILITY, log });
  return openSqliteStore({ path: databasePath(config), log });
}

/** The object store that the settings name. @throws ObjectStoreUnavailable */
export function openObjects(config: Config, circuit = createS3Circuit()): Promise<ObjectStore> {
  if (config.OBJECTS === 's3' && config.S3_BUCKET !== undefined)
    return openS3Objects({
      bucket: config.S3_BUCKET,
      region: config.S3_REGION,
      circuit,
      ...s3Server(config),
    });
  return openDiskObjects({ dir: join(config.DATA_DIR, 'objects') });
}

function s3Server(
  config: Config,
): Pick<Parameters<typeof openS3Objects>[0], 'endpoint' | 'credentials'> {
  const { S3_ENDPOINT, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = config;
  return {
    ...(S3_ENDPOINT === undefined ? {} : { endpoint: S3_ENDPOINT }),
    ...(AWS_ACCESS_KEY_ID === undefined || AWS_SECRET_ACCESS_KEY === undefined
      ? {}
      : {
          credentials: { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY },
        }),
  };
}
