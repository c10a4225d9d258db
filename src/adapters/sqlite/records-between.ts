import { setImmediate } from 'node:timers/promises';

import type { ObjectKey } from '../../domain/ids.ts';
import type { PredictionRecord } from '../../ports/store/prediction-store.ts';
import type { Database } from './database.ts';
import { liveFeedback } from './feedback.ts';
import { predictionOf, type PredictionRow, taskOf, type UnitRow } from './rows.ts';

/** Rows looked at in one go, whether they lie in the window or not: some milliseconds, after which others have their turn. */
const PAGE = 1000;

/** Rows are numbered in the order in which they were recorded, and a number never changes: each comes once. */
export async function* recordsBetween(
  db: Database,
  from: number,
  to: number,
): AsyncGenerator<readonly PredictionRecord[]> {
  const last = await db.read(
    () => db.get<{ n: number | null }>('SELECT max(number) AS n FROM predictions')?.n ?? 0,
  );
  for (let after = 0; after < last; after += PAGE) {
    const records = await db.read(() => readPage(db, after, from, to));
    if (records.length > 0) yield records;
    await setImmediate();
  }
}

type KeptRow = PredictionRow & { readonly object_key: ObjectKey };

const readPage = (db: Database, after: number, from: number, to: number): PredictionRecord[] =>
  db
    .all<KeptRow>(
      `SELECT * FROM predictions WHERE number > ? AND number <= ? AND at >= ? AND at < ?
         AND object_key IS NOT NULL ORDER BY number`,
      ...[after, after + PAGE, from, to],
    )
    .map((row) => ({
      prediction: predictionOf(row),
      feedback: liveFeedback(db, row.id),
      task: row.is_selected === 1 ? findTask(db, row) : null,
    }));

function findTask(db: Database, { id }: KeptRow): PredictionRecord['task'] {
  const unit = db.get<UnitRow>('SELECT * FROM units WHERE prediction_id = ?', id);
  return unit === null ? null : taskOf(unit);
}
