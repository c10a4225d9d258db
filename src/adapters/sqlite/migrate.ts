import { StoreUnusable } from '../../domain/errors.ts';
import type { Database } from './database.ts';
import { MIGRATIONS } from './migrations.ts';

/** Marks a database as ours ('TRLP'), in the file's header. */
const APPLICATION_ID = 0x54524c50;

/**
 * Brings the database to the newest form: each numbered migration runs once, in a transaction with its number.
 * @throws StoreUnusable when a newer program wrote the database, or when it is no store of ours
 */
export function migrate(db: Database): void {
  const version = db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
  if (version === 0) assertEmptyOrOurs(db);
  if (version > MIGRATIONS.length)
    throw new StoreUnusable(
      `${db.path} was written by a newer program (form ${version}; this one knows up to ${MIGRATIONS.length}). Start the newer program, or restore the backup made before the upgrade`,
    );
  MIGRATIONS.slice(version).forEach((sql, index) => {
    db.exec(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${version + index + 1}; COMMIT`);
  });
}

function assertEmptyOrOurs(db: Database): void {
  const tables = db.all<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table'`);
  if (tables.length > 0)
    throw new StoreUnusable(
      `${db.path} is a database of another program (it has a table ${tables[0]?.name ?? ''}): choose another DATA_DIR`,
    );
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
}
