import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { copyDatabase } from '../../src/adapters/sqlite/copy-database.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { createLog } from '../../src/adapters/system/create-log.ts';
import type { Config } from '../../src/config/parse-config.ts';
import { ConfigInvalid } from '../../src/domain/errors.ts';
import type { Store } from '../../src/ports/store.ts';
import { databasePath, openObjects, openStore, type Records } from '../../src/wire/records.ts';
import { removeOnExit } from './remove-on-exit.ts';

/**
 * The records, to be read while the program runs. SQLite serves one process: what is read is a consistent copy.
 * @throws ConfigInvalid when nothing was recorded yet
 */
export async function openCopy(config: Config): Promise<Records> {
  const { store, discard } = await openStoreCopy(config);
  try {
    const objects = await openObjects(config);
    const close = async (): Promise<void> => {
      await objects.close();
      await store.close();
      await discard();
    };
    return { store, objects, close };
  } catch (error) {
    await store.close();
    await discard();
    throw error;
  }
}

async function openStoreCopy(
  config: Config,
): Promise<{ store: Store; discard: () => Promise<void> }> {
  const log = createLog('silent');
  if (config.STORE === 'redis')
    return { store: await openStore(config, log), discard: async () => undefined };
  const original = databasePath(config);
  if (!existsSync(original))
    throw new ConfigInvalid(
      `${original} is not there: nothing was recorded yet, or DATA_DIR names another folder.`,
    );
  const folder = await mkdtemp(path.join(tmpdir(), 'truthloop-copy-'));
  const discard = removeOnExit(folder);
  try {
    const copy = path.join(folder, 'copy.sqlite');
    copyDatabase(original, copy);
    return { store: await openSqliteStore({ path: copy, log }), discard };
  } catch (error) {
    await discard();
    throw error;
  }
}
