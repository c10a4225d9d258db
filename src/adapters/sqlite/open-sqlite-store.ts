import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

import { AppError, StoreUnavailable } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Store } from '../../ports/store.ts';
import { answerStore } from './answers.ts';
import { Database } from './database.ts';
import { estimateStore } from './estimates.ts';
import { holdLock } from './hold-lock.ts';
import { migrate } from './migrate.ts';
import { noticeStore } from './notices.ts';
import { outboxStore } from './outbox.ts';
import { Population } from './population.ts';
import { predictionStore } from './predictions.ts';
import { reporterStore } from './reporters.ts';
import { runStore } from './runs.ts';
import { selectionStore } from './selections.ts';
import { toStoreError } from './sqlite-error.ts';
import { taskStore } from './tasks.ts';

/**
 * The records in one SQLite file, for one process.
 * @param options.path the database file; made with its folder when missing. `<path>.lock` is held beside it
 * @throws StoreUnusable when another process holds it, when it is damaged, of a newer program, or no store at all
 */
export async function openSqliteStore(options: {
  readonly path: string;
  readonly log?: Log;
}): Promise<Store> {
  const { path, log } = options;
  const release = prepareAndLock(path);
  try {
    const db = openDatabase(path);
    const population = new Population(db);
    log?.info({ path }, 'store opened');
    return {
      ...predictionStore(db, population),
      ...answerStore(db),
      ...selectionStore(db, population),
      ...outboxStore(db),
      ...taskStore(db),
      ...estimateStore(db),
      ...noticeStore(db),
      ...runStore(db),
      ...reporterStore(db),
      ping: () =>
        db.write(() => {
          db.run(`INSERT OR REPLACE INTO facts VALUES ('ping', 0)`);
        }),
      close: async () => {
        db.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw toStoreError(error, path);
  }
}

function prepareAndLock(path: string): () => void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    return holdLock(`${path}.lock`);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new StoreUnavailable(
      `The folder of ${path} can't be used: ${error instanceof Error ? error.message : String(error)}. Check DATA_DIR and its permissions`,
      { cause: error },
    );
  }
}

function openDatabase(path: string): Database {
  const db = new Database(path);
  try {
    // A page holds one population block: an increment writes one page. FULL: a commit is on the disk when it returns.
    db.exec(`PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864; PRAGMA foreign_keys = ON;`);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
