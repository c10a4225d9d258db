import { DatabaseSync } from '@photostructure/sqlite';

import { StoreUnusable } from '../../domain/errors.ts';
import { hasCode, SQLITE, toStoreError } from './sqlite-error.ts';

/**
 * Holds the data folder for this process alone: an open exclusive transaction on a file of its own. The operating system
 * releases it when the process ends, however it ends; the database itself stays readable for a backup.
 * @returns releases the lock
 * @throws StoreUnusable when another process holds it
 */
export function holdLock(path: string): () => void {
  const connection = new DatabaseSync(path);
  try {
    connection.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    connection.close();
    if (!hasCode(error, SQLITE.BUSY)) throw toStoreError(error, path);
    throw new StoreUnusable(
      `Another process uses the data folder of ${path}. SQLite serves one process: stop the other one, choose another DATA_DIR, or share the records with STORE=redis`,
      { cause: error },
    );
  }
  return () => {
    if (connection.isOpen) connection.close();
  };
}
