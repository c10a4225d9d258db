import type { Annotation, Task } from '../../domain/annotation.ts';
import { annotationChanges, verdictReachedAt } from '../../domain/annotation.ts';
import type { PredictionId } from '../../domain/ids.ts';
import type { ProjectKind } from '../../domain/selection.ts';
import type { TaskStore } from '../../ports/store/task-store.ts';
import type { Database } from './database.ts';
import { fenced } from './fence.ts';
import type { UnitRow } from './rows.ts';
import { annotationsOf, taskOf } from './rows.ts';

const PAGE = 500;
type Pulled = Parameters<TaskStore['savePulled']>[0][number];

export const taskStore = (db: Database): TaskStore => ({
  projectId: (kind) =>
    db.read(
      () =>
        db.get<{ project_id: number }>('SELECT project_id FROM projects WHERE kind = ?', kind)
          ?.project_id ?? null,
    ),
  setProjectId: (kind, projectId, fence) =>
    fenced(db, fence, () => {
      db.run('INSERT OR REPLACE INTO projects VALUES (?, ?)', kind, projectId);
    }),
  findTask: (predictionId) => db.read(() => findTask(db, predictionId)),
  tasksOf: (predictionIds) =>
    db.read(() =>
      predictionIds.flatMap((id) => {
        const row = findUnit(db, id);
        return (row === null ? null : taskOf(row)) ?? [];
      }),
    ),
  savePulled: (pulled, watermark, fence) =>
    fenced(db, fence, () => {
      for (const task of pulled) saveTask(db, task, watermark.at);
      db.run('INSERT OR REPLACE INTO watermarks VALUES (?, ?)', watermark.projectId, watermark.at);
    }),
  watermark: (projectId) =>
    db.read(
      () =>
        db.get<{ at: number }>('SELECT at FROM watermarks WHERE project_id = ?', projectId)?.at ??
        null,
    ),
  allTasks: (kind) => allTasks(db, kind),
  markDeleted: (predictionIds, at, fence) =>
    fenced(db, fence, () => {
      for (const id of predictionIds) markDeleted(db, id, at);
    }),
  relinkTask: (predictionId, projectId, taskId, fence) =>
    fenced(db, fence, () => {
      db.run(
        'UPDATE units SET project_id = ?, task_id = ?, deleted_at = NULL WHERE prediction_id = ?',
        ...[projectId, taskId, predictionId],
      );
    }),
  waitingTasks: () =>
    db.read(() => {
      const rows = db.all<{ project: ProjectKind; n: number }>(
        // Left to itself, SQLite groups along the index of all tasks there ever were.
        `SELECT project, count(*) AS n FROM units INDEXED BY units_open
         WHERE verdict_kind = 'pending' AND deleted_at IS NULL
           AND is_erased = 0 AND joined_to IS NULL AND task_id IS NOT NULL GROUP BY project`,
      );
      const count = (kind: ProjectKind) => rows.find(({ project }) => project === kind)?.n ?? 0;
      return {
        random: count('random'),
        low_confidence: count('low_confidence'),
        disputed: count('disputed'),
      };
    }),
  annotatorCount: (since) =>
    db.read(
      () =>
        db.get<{ n: number }>(
          'SELECT count(*) AS n FROM annotators WHERE last_answer_at >= ?',
          since,
        )?.n ?? 0,
    ),
  openTies: (since) =>
    db.read(() =>
      db
        .all<UnitRow>(
          `SELECT * FROM units WHERE tie_since IS NOT NULL AND tie_since >= ? AND deleted_at IS NULL
           ORDER BY tie_since`,
          since,
        )
        .flatMap((row) => taskOf(row) ?? []),
    ),
});

const findUnit = (db: Database, id: PredictionId): UnitRow | null =>
  db.get<UnitRow>('SELECT * FROM units WHERE prediction_id = ?', id);

function findTask(db: Database, id: PredictionId): Task | null {
  const row = findUnit(db, id);
  if (row === null) return null;
  return row.joined_to === null ? taskOf(row) : findTask(db, row.joined_to);
}

function saveTask(db: Database, pulled: Pulled, notedAt: number): void {
  const unit = findUnit(db, pulled.predictionId);
  if (unit === null) return;
  const { annotations, verdict } = pulled;
  noteChanges(db, unit, annotations, notedAt);
  db.run(
    `UPDATE units SET annotations = ?, verdict = ?, verdict_kind = ?, tie_since = ?, reached_at = ?,
       annotators_wanted = ? WHERE number = ?`,
    ...[JSON.stringify(annotations), JSON.stringify(verdict), verdict.kind],
    verdict.kind === 'disagreed' ? verdict.since : null,
    verdictReachedAt(verdict, annotations, notedAt),
    ...[pulled.annotatorsWanted, unit.number],
  );
}

/** Keeps every reading of every annotation, and a tombstone for one that is gone. */
function noteChanges(
  db: Database,
  unit: UnitRow,
  annotations: readonly Annotation[],
  notedAt: number,
): void {
  for (const { annotationId, annotation } of annotationChanges(annotationsOf(unit), annotations)) {
    db.run(
      `INSERT INTO annotation_history (prediction_id, annotation_id, noted_at, annotation)
       VALUES (?, ?, ?, ?)`,
      ...[unit.prediction_id, annotationId, notedAt],
      annotation === null ? null : JSON.stringify(annotation),
    );
    if (annotation !== null)
      db.run(
        `INSERT INTO annotators VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET last_answer_at = max(last_answer_at, ?2)`,
        ...[annotation.annotator, annotation.updatedAt],
      );
  }
}

function markDeleted(db: Database, id: PredictionId, at: number): void {
  const unit = findUnit(db, id);
  if (unit === null || unit.task_id === null || unit.deleted_at !== null) return;
  noteChanges(db, unit, [], at);
  db.run(`UPDATE units SET deleted_at = ?, annotations = '[]' WHERE number = ?`, at, unit.number);
}

async function* allTasks(db: Database, kind: ProjectKind): AsyncGenerator<readonly Task[]> {
  let after = '';
  for (;;) {
    const rows = await db.read(() =>
      db.all<UnitRow>(
        `SELECT * FROM units WHERE project = ? AND prediction_id > ? AND task_id IS NOT NULL
           AND deleted_at IS NULL ORDER BY prediction_id LIMIT ?`,
        ...[kind, after, PAGE],
      ),
    );
    if (rows.length > 0) yield rows.flatMap((row) => taskOf(row) ?? []);
    if (rows.length < PAGE) return;
    after = rows.at(-1)?.prediction_id ?? after;
  }
}
