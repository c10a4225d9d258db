import type { PredictionId } from '../../domain/ids.ts';
import { projectOf } from '../../domain/selection.ts';
import type { Database } from './database.ts';
import { insertEntries } from './outbox.ts';
import { type PredictionRow, reasonsOf, type UnitRow } from './rows.ts';

/**
 * Predictions of the same content may share a task: one of them has it, the others are joined to that one, and whatever is
 * said of the task is read from there.
 * @returns whether the prediction's unit joined a task that is there, or on its way
 */
export function joinTask(db: Database, { id, content_digest: digest }: PredictionRow): boolean {
  const host = db.get<{ prediction_id: PredictionId }>(
    `SELECT prediction_id FROM units WHERE content_digest = ? AND content_digest <> ''
       AND joined_to IS NULL AND deleted_at IS NULL AND prediction_id <> ? ORDER BY number LIMIT 1`,
    ...[digest, id],
  );
  if (host === null) return false;
  db.run('UPDATE units SET joined_to = ? WHERE prediction_id = ?', host.prediction_id, id);
  return true;
}

/**
 * Before one of those that share a task is erased, with its task if it has it: it keeps the verdict as it stands, and the
 * others keep it too, or get a task of their own where people have not settled on one.
 */
export function partFromSharers(db: Database, unit: UnitRow, at: number): void {
  if (unit.joined_to !== null) {
    keepVerdict(db, unit.number, unit.joined_to);
    return;
  }
  const heir = db.get<UnitRow>(
    'SELECT * FROM units WHERE joined_to = ? ORDER BY number LIMIT 1',
    unit.prediction_id,
  );
  if (heir === null) return;
  db.run(
    'UPDATE units SET joined_to = ? WHERE joined_to = ? AND number <> ?',
    ...[heir.prediction_id, unit.prediction_id, heir.number],
  );
  const isSettled = !['pending', 'disagreed'].includes(unit.verdict_kind);
  if (isSettled || unit.deleted_at !== null) {
    keepVerdict(db, heir.number, unit.prediction_id);
    return;
  }
  db.run('UPDATE units SET joined_to = NULL WHERE number = ?', heir.number);
  const reasons = reasonsOf(heir.reasons);
  insertEntries(db, [
    {
      ...{ kind: 'create_task', predictionId: heir.prediction_id, project: projectOf(reasons) },
      ...{ reasons, createdAt: at, taskId: null },
    },
  ]);
}

/** No label of its own: it was given once, to the one that had the task. */
const keepVerdict = (db: Database, number: number, host: PredictionId): void => {
  db.run(
    `UPDATE units SET joined_to = NULL, (verdict, verdict_kind, deleted_at) =
       (SELECT verdict, verdict_kind, deleted_at FROM units WHERE prediction_id = ?) WHERE number = ?`,
    ...[host, number],
  );
};
