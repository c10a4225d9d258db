import type { ModelVersion } from '../../domain/ids.ts';
import type { PairCounts, ShadowAnswer, VersionPair } from '../../domain/shadow-answer.ts';
import { dayOf, hourOf } from '../../domain/window.ts';
import type { Database } from './database.ts';
import { rolledUntil } from './population.ts';
import type { PredictionRow } from './rows.ts';

/** Keeps the answer with the prediction, and with its unit if it has one, and counts it for the pair. */
export function saveShadowAnswer(db: Database, row: PredictionRow, answer: ShadowAnswer): void {
  const { modelVersion, predictedClass, confidence, at } = answer;
  db.run(
    `UPDATE predictions SET shadow_version = ?, shadow_class = ?, shadow_confidence = ?, shadow_at = ?
     WHERE number = ?`,
    ...[modelVersion, predictedClass, confidence, at, row.number],
  );
  db.run(
    'UPDATE units SET shadow_version = ?, shadow_class = ? WHERE prediction_id = ?',
    ...[modelVersion, predictedClass, row.id],
  );
  const pair = [row.model_version, modelVersion] as const;
  db.run(
    `INSERT INTO version_pairs VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE
     SET first_at = min(first_at, ?3), last_at = max(last_at, ?3)`,
    ...[...pair, row.at],
  );
  const hour = row.at < rolledUntil(db) ? dayOf(row.at) : hourOf(row.at);
  db.run(
    `INSERT INTO pair_hours VALUES (?1, ?2, ?3, 1, ?4)
     ON CONFLICT DO UPDATE SET answered = answered + 1, differ = differ + ?4`,
    ...[...pair, hour, Number(predictedClass !== row.predicted_class)],
  );
}

export const versionPairs = (
  db: Database,
): (VersionPair & { readonly firstAt: number; readonly lastAt: number })[] =>
  db
    .all<{
      model_version: ModelVersion;
      shadow_version: ModelVersion;
      first_at: number;
      last_at: number;
    }>('SELECT * FROM version_pairs ORDER BY last_at DESC, model_version, shadow_version')
    .map((row) => ({
      served: row.model_version,
      other: row.shadow_version,
      firstAt: row.first_at,
      lastAt: row.last_at,
    }));

/** A rolled-up day belongs to every window that touches it. */
export function pairCounts(
  db: Database,
  { served, other }: VersionPair,
  from: number,
  to: number,
): PairCounts {
  const start = dayOf(from) < rolledUntil(db) ? dayOf(from) : hourOf(from);
  const counts = db.get<PairCounts>(
    `SELECT ifnull(sum(answered), 0) AS answered, ifnull(sum(differ), 0) AS differ
     FROM pair_hours WHERE model_version = ? AND shadow_version = ? AND hour >= ? AND hour < ?`,
    ...[served, other, start, to],
  );
  return { answered: counts?.answered ?? 0, differ: counts?.differ ?? 0 };
}

/** Adds the hours before the day of `before` up to their days. */
export function rollUpPairs(db: Database, before: number): void {
  const [rolled, until] = [rolledUntil(db), dayOf(before)];
  const days = db.all<VersionPair & PairCounts & { day: number }>(
    `SELECT model_version AS served, shadow_version AS other, hour - hour % 86400000 AS day,
       sum(answered) AS answered, sum(differ) AS differ
     FROM pair_hours WHERE hour >= ? AND hour < ? GROUP BY 1, 2, 3`,
    ...[rolled, until],
  );
  db.run('DELETE FROM pair_hours WHERE hour >= ? AND hour < ?', rolled, until);
  for (const { served, other, day, answered, differ } of days)
    db.run('INSERT INTO pair_hours VALUES (?, ?, ?, ?, ?)', served, other, day, answered, differ);
}
