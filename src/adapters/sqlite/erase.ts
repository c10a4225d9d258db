import type { ObjectKey } from '../../domain/ids.ts';
import { hourOf } from '../../domain/window.ts';
import type { Database } from './database.ts';
import { dropMistake } from './estimates.ts';
import { dropEntriesOf, insertEntries } from './outbox.ts';
import type { PredictionRow, UnitRow } from './rows.ts';
import { partFromSharers } from './shared-tasks.ts';

interface StillToRemove {
  readonly objectKey: ObjectKey;
  readonly taskId: number | null;
}

/**
 * Deletes what belongs to a person. One that no estimate needs singly goes whole; else a row without a name stays: the
 * hour, what the design knows of it, and its verdict.
 */
export function erase(
  db: Database,
  row: PredictionRow & { readonly object_key: ObjectKey },
  at: number,
): StillToRemove {
  const unit = db.get<UnitRow>('SELECT * FROM units WHERE prediction_id = ?', row.id);
  if (unit !== null) partFromSharers(db, unit, at);
  db.run('DELETE FROM feedback WHERE prediction_id = ?', row.id);
  db.run('DELETE FROM annotation_history WHERE prediction_id = ?', row.id);
  db.run('DELETE FROM answers WHERE prediction_id = ?', row.id);
  dropMistake(db, row.model_version, row.id);
  dropEntriesOf(db, row.id);
  if (row.is_selected === 0 && row.awaits_revision === 0)
    db.run('DELETE FROM predictions WHERE number = ?', row.number);
  else anonymise(db, row);
  const taskId = unit?.deleted_at === null ? unit.task_id : null;
  if (unit !== null && unit.project !== null && taskId !== null)
    insertEntries(db, [
      {
        kind: 'delete_task',
        predictionId: row.id,
        project: unit.project,
        reasons: [],
        createdAt: at,
        taskId,
      },
    ]);
  return { objectKey: row.object_key, taskId };
}

function anonymise(db: Database, row: PredictionRow): void {
  const name = `erased-${row.number}`;
  db.run(
    `UPDATE predictions SET id = ?, at = ?, recorded_at = ?, probabilities = NULL, object_key = NULL,
       content_digest = '', external_id = NULL, is_erased = 1, shadow_at = ? WHERE number = ?`,
    ...[name, hourOf(row.at), hourOf(row.recorded_at)],
    ...[row.shadow_at === null ? null : hourOf(row.shadow_at), row.number],
  );
  db.run(
    `UPDATE units SET prediction_id = ?, at = ?, probabilities = NULL, is_erased = 1,
       content_digest = '', project = NULL, project_id = NULL, task_id = NULL, pushed_at = NULL WHERE prediction_id = ?`,
    ...[name, hourOf(row.at), row.id],
  );
}
