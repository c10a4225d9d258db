import type { Feedback, FeedbackKind } from '../../domain/feedback.ts';
import { disputesInTime, normaliseFeedback } from '../../domain/feedback.ts';
import type { ModelVersion, PredictionId } from '../../domain/ids.ts';
import { dayOf, hourOf } from '../../domain/window.ts';
import type { Database } from './database.ts';
import { rolledUntil } from './population.ts';
import type { PredictionRow } from './rows.ts';

/** What was given, as the port answers it, and whether it disputes the answer in time. */
export interface GivenFeedback {
  readonly answer: { readonly counted: FeedbackKind; readonly isNew: boolean };
  readonly disputes: boolean;
}

/** Stores feedback in place of a live one of its kind. */
export function giveFeedback(
  db: Database,
  row: PredictionRow,
  said: Feedback,
  flagHorizonMs: number,
): GivenFeedback {
  const feedback = normaliseFeedback(said, row.predicted_class);
  // "It is really ..." naming the model's own class takes an earlier correction to another class back.
  if (feedback.kind !== said.kind) revokeFeedback(db, row, said.kind, said.at);
  const isNew = !revokeFeedback(db, row, feedback.kind, feedback.at);
  db.run(
    'INSERT INTO feedback (prediction_id, kind, suggested_class, at) VALUES (?, ?, ?, ?)',
    ...[row.id, feedback.kind, feedback.suggestedClass, feedback.at],
  );
  countFeedback(db, row, feedback.kind, 1);
  showOnUnit(db, row.id);
  return {
    answer: { counted: feedback.kind, isNew },
    disputes: disputesInTime(feedback, row.at, flagHorizonMs),
  };
}

/** @returns whether there was live feedback of the kind */
export function revokeFeedback(
  db: Database,
  row: PredictionRow | null,
  kind: FeedbackKind,
  at: number,
): boolean {
  if (row === null) return false;
  const revoked = db.run(
    `UPDATE feedback SET revoked_at = ? WHERE prediction_id = ? AND kind = ? AND revoked_at IS NULL`,
    ...[at, row.id, kind],
  );
  if (revoked === 0) return false;
  countFeedback(db, row, kind, -1);
  showOnUnit(db, row.id);
  return true;
}

function countFeedback(db: Database, row: PredictionRow, kind: FeedbackKind, by: number): void {
  const hour = row.at < rolledUntil(db) ? dayOf(row.at) : hourOf(row.at);
  db.run(
    `INSERT INTO feedback_hours (model_version, hour, ${kind}) VALUES (?1, ?2, ?3)
     ON CONFLICT DO UPDATE SET ${kind} = ${kind} + ?3`,
    ...[row.model_version, hour, by],
  );
}

interface FeedbackRow {
  readonly kind: FeedbackKind;
  readonly suggested_class: string | null;
  readonly at: number;
}

/** Live feedback of one prediction, oldest first. */
export const liveFeedback = (db: Database, id: PredictionId): Feedback[] =>
  db
    .all<FeedbackRow>(
      `SELECT kind, suggested_class, at FROM feedback
       WHERE prediction_id = ? AND revoked_at IS NULL ORDER BY number`,
      id,
    )
    .map(({ kind, suggested_class: suggestedClass, at }) => ({
      predictionId: id,
      kind,
      suggestedClass,
      at,
    }));

/** What a unit shows of feedback: a live flag or correction, and the corrected class. */
export function shownFeedback(
  db: Database,
  id: PredictionId,
): { readonly hasFlag: number; readonly correction: string | null } {
  const live = liveFeedback(db, id);
  return {
    hasFlag: Number(live.some(({ kind }) => kind !== 'confirmation')),
    correction: live.find(({ kind }) => kind === 'correction')?.suggestedClass ?? null,
  };
}

function showOnUnit(db: Database, id: PredictionId): void {
  const { hasFlag, correction } = shownFeedback(db, id);
  db.run(
    'UPDATE units SET has_flag = ?, correction = ? WHERE prediction_id = ?',
    ...[hasFlag, correction, id],
  );
}

/** Live feedback of predictions with event time in [from, to); a rolled-up day belongs to every window that touches it. */
export function feedbackCounts(
  db: Database,
  version: ModelVersion,
  from: number,
  to: number,
): Record<FeedbackKind, number> {
  const row = db.get<Record<FeedbackKind, number>>(
    `SELECT ifnull(sum(flag), 0) AS flag, ifnull(sum(correction), 0) AS correction,
       ifnull(sum(confirmation), 0) AS confirmation
     FROM feedback_hours WHERE model_version = ? AND hour >= ? AND hour < ?`,
    ...[version, dayOf(from) < rolledUntil(db) ? dayOf(from) : hourOf(from), to],
  );
  return {
    flag: row?.flag ?? 0,
    correction: row?.correction ?? 0,
    confirmation: row?.confirmation ?? 0,
  };
}

/** Adds the hours before the day of `before` up to their days. */
export function rollUpFeedback(db: Database, before: number): void {
  const until = dayOf(before);
  const days = db.all<{ model_version: string; day: number } & Record<FeedbackKind, number>>(
    `SELECT model_version, hour - hour % 86400000 AS day, sum(flag) AS flag,
       sum(correction) AS correction, sum(confirmation) AS confirmation
     FROM feedback_hours WHERE hour >= ? AND hour < ? GROUP BY 1, 2`,
    ...[rolledUntil(db), until],
  );
  db.run('DELETE FROM feedback_hours WHERE hour >= ? AND hour < ?', rolledUntil(db), until);
  for (const { model_version: version, day, flag, correction, confirmation } of days)
    db.run(
      'INSERT INTO feedback_hours VALUES (?, ?, ?, ?, ?)',
      ...[version, day, flag, correction, confirmation],
    );
}
