import type { PredictionId } from '../../domain/ids.ts';
import type { OutboxEntry, OutboxStore } from '../../ports/store/outbox-store.ts';
import type { Database } from './database.ts';
import { fenced } from './fence.ts';
import type { OutboxRow, UnitRow } from './rows.ts';
import { verdictOf } from './rows.ts';
import { entryOf } from './rows.ts';

type NewEntry = Parameters<OutboxStore['enqueue']>[0][number];
type OutboxKindState = Awaited<
  ReturnType<OutboxStore['outboxState']>
>['byKind'][OutboxEntry['kind']];
type Created = Parameters<OutboxStore['markCreated']>[0][number];

export const outboxStore = (db: Database): OutboxStore => ({
  dueEntries: (kind, now, limit) =>
    db.read(() =>
      db
        .all<OutboxRow>(
          `SELECT * FROM outbox WHERE state = 'pending' AND kind = ? AND not_before <= ?
           ORDER BY id LIMIT ?`,
          ...[kind, now, limit],
        )
        .map(entryOf),
    ),
  beginSend: (entryIds, notBefore, fence) =>
    fenced(db, fence, () => {
      for (const id of entryIds)
        db.run(
          'UPDATE outbox SET attempts = attempts + 1, not_before = ? WHERE id = ?',
          ...[notBefore, id],
        );
    }),
  markCreated: (created, fence) =>
    fenced(db, fence, () => {
      for (const task of created) recordTask(db, task);
    }),
  markDone: (entryIds, fence) =>
    fenced(db, fence, () => {
      for (const id of entryIds) db.run('DELETE FROM outbox WHERE id = ?', id);
    }),
  postpone: (entryIds, notBefore, lastError, fence) =>
    fenced(db, fence, () => {
      for (const id of entryIds)
        db.run(
          'UPDATE outbox SET not_before = ?, last_error = ? WHERE id = ?',
          ...[notBefore, lastError, id],
        );
    }),
  bury: (entryIds, lastError, fence) =>
    fenced(db, fence, () => {
      for (const id of entryIds)
        db.run(`UPDATE outbox SET state = 'dead', last_error = ? WHERE id = ?`, lastError, id);
    }),
  redrive: (entryIds) => db.write(() => redrive(db, entryIds)),
  deadEntries: (limit) =>
    db.read(() =>
      db
        .all<OutboxRow>(`SELECT * FROM outbox WHERE state = 'dead' ORDER BY id LIMIT ?`, limit)
        .map(entryOf),
    ),
  outboxState: () => db.read(() => outboxState(db)),
  enqueue: (entries, fence) => fenced(db, fence, () => insertEntries(db, entries)),
});

interface StateRow {
  readonly kind: OutboxEntry['kind'];
  readonly pending: number;
  readonly dead: number;
  readonly oldest: number | null;
}

function outboxState(db: Database): Awaited<ReturnType<OutboxStore['outboxState']>> {
  const rows = db.all<StateRow>(
    `SELECT kind, sum(state = 'pending') AS pending, sum(state = 'dead') AS dead,
       min(created_at) FILTER (WHERE state = 'pending') AS oldest
     FROM outbox GROUP BY kind`,
  );
  const stateOf = (some: readonly StateRow[]): OutboxKindState => ({
    pending: some.reduce((sum, { pending }) => sum + pending, 0),
    dead: some.reduce((sum, { dead }) => sum + dead, 0),
    oldestCreatedAt: some.reduce<number | null>(
      (least, { oldest }) => (oldest === null ? least : Math.min(least ?? oldest, oldest)),
      null,
    ),
  });
  const ofKind = (kind: OutboxEntry['kind']): OutboxKindState =>
    stateOf(rows.filter((row) => row.kind === kind));
  return {
    ...stateOf(rows),
    byKind: {
      create_task: ofKind('create_task'),
      ask_annotator: ofKind('ask_annotator'),
      renew_image: ofKind('renew_image'),
      delete_task: ofKind('delete_task'),
    },
  };
}

/** Adds entries; what waits already (or is dead until redriven) is left as it is. @returns how many were added */
export const insertEntries = (db: Database, entries: readonly NewEntry[]): number =>
  entries.reduce(
    (added, { kind, predictionId, project, reasons, createdAt, taskId }) =>
      added +
      db.run(
        `INSERT INTO outbox (kind, prediction_id, project, reasons, created_at, not_before, task_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT DO NOTHING`,
        ...[kind, predictionId, project, JSON.stringify(reasons), createdAt, taskId],
      ),
    0,
  );

/**
 * Takes away what waits for a prediction, but for deletions. A task whose making was begun may be there: looking it up, at
 * the time that was set for it, and deleting it is what is left of its entry.
 */
export function dropEntriesOf(db: Database, id: PredictionId): void {
  db.run(
    `UPDATE outbox SET kind = 'delete_task', state = 'pending', reasons = '[]'
     WHERE prediction_id = ? AND kind = 'create_task' AND attempts > 0`,
    id,
  );
  db.run(`DELETE FROM outbox WHERE prediction_id = ? AND kind <> 'delete_task'`, id);
}

function redrive(db: Database, entryIds: readonly number[] | null): number {
  const revive = `UPDATE outbox SET state = 'pending', not_before = created_at WHERE state = 'dead'`;
  if (entryIds === null) return db.run(revive);
  return entryIds.reduce((count, id) => count + db.run(`${revive} AND id = ?`, id), 0);
}

function recordTask(db: Database, task: Created): void {
  db.run('DELETE FROM outbox WHERE id = ?', task.entryId);
  const unit = db.get<UnitRow>('SELECT * FROM units WHERE prediction_id = ?', task.predictionId);
  if (unit === null) {
    removeStray(db, task);
    return;
  }
  db.run(
    `UPDATE units SET project = ?, project_id = ?, task_id = ?, pushed_at = ?, deleted_at = NULL
     WHERE number = ?`,
    ...[task.project, task.projectId, task.taskId, task.pushedAt, unit.number],
  );
  // What was said about the task that is gone does not count for the new one.
  if (unit.deleted_at !== null && verdictOf(unit).kind !== 'pending')
    db.run(
      `UPDATE units SET annotations = '[]', verdict = '{"kind":"pending"}', verdict_kind = 'pending',
         tie_since = NULL, reached_at = NULL WHERE number = ?`,
      unit.number,
    );
}

/** The prediction was erased while its task was on the way: the task must not stay. */
const removeStray = (db: Database, task: Created): void => {
  insertEntries(db, [
    {
      kind: 'delete_task',
      predictionId: task.predictionId,
      project: task.project,
      reasons: [],
      createdAt: task.pushedAt,
      taskId: task.taskId,
    },
  ]);
};
