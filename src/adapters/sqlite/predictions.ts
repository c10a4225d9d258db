import type { ObjectKey, PredictionId } from '../../domain/ids.ts';
import {
  disputedIncrements,
  patternIndex,
  PATTERNS,
  recordedIncrement,
} from '../../domain/population.ts';
import type { Prediction } from '../../domain/prediction.ts';
import type { Disputant } from '../../domain/selection.ts';
import { differsInTime } from '../../domain/shadow-answer.ts';
import { hourOf } from '../../domain/window.ts';
import type { PredictionStore } from '../../ports/store/prediction-store.ts';
import type { Database } from './database.ts';
import { erase } from './erase.ts';
import { giveFeedback, liveFeedback, revokeFeedback } from './feedback.ts';
import type { Population } from './population.ts';
import { recordsBetween } from './records-between.ts';
import type { PredictionRow } from './rows.ts';
import { decisionOf, predictionOf } from './rows.ts';
import { saveShadowAnswer } from './shadow-answers.ts';

export const predictionStore = (db: Database, population: Population): PredictionStore => ({
  recordPrediction: (prediction) => db.write(() => record(db, population, prediction)),
  findPrediction: (id) =>
    db.read(() => {
      const row = findRow(db, id);
      return row?.object_key == null ? null : predictionOf({ ...row, object_key: row.object_key });
    }),
  giveFeedback: (feedback, flagHorizonMs) =>
    db.write(() => {
      const row = findRow(db, feedback.predictionId);
      if (row === null) return null;
      const given = giveFeedback(db, row, feedback, flagHorizonMs);
      if (given.disputes) markDisputed(db, population, row, 'person');
      return given.answer;
    }),
  recordShadowAnswer: (answer, flagHorizonMs) =>
    db.write(() => {
      const row = findRow(db, answer.id);
      if (row === null) return 'unknown';
      if (row.shadow_version !== null) return 'already_recorded';
      saveShadowAnswer(db, row, answer);
      const predicted = { at: row.at, predictedClass: row.predicted_class };
      if (differsInTime(answer, predicted, flagHorizonMs))
        markDisputed(db, population, row, 'model');
      return 'recorded';
    }),
  revokeFeedback: (id, kind, at) => db.write(() => revokeFeedback(db, findRow(db, id), kind, at)),
  feedbackOf: (id) => db.read(() => liveFeedback(db, id)),
  erasePrediction: (id, at) =>
    db.write(() => {
      const row = findRow(db, id);
      return row?.object_key == null ? null : erase(db, { ...row, object_key: row.object_key }, at);
    }),
  forgetUnselected: (before, limit) => db.write(() => forget(db, before, limit)),
  isObjectReferenced: (key) => db.read(() => isReferenced(db, key)),
  recordsBetween: (from, to) => recordsBetween(db, from, to),
});

const findRow = (db: Database, id: PredictionId): PredictionRow | null =>
  db.get<PredictionRow>('SELECT * FROM predictions WHERE id = ?', id);

type Recorded = Awaited<ReturnType<PredictionStore['recordPrediction']>>;

function record(db: Database, population: Population, prediction: Prediction): Recorded {
  const earlier = db.get<{ id: PredictionId }>(
    'SELECT id FROM predictions WHERE id = ? OR external_id = ?',
    prediction.id,
    prediction.externalId,
  );
  if (earlier !== null) return { outcome: 'already_recorded', id: earlier.id };
  insert(db, prediction);
  population.add(prediction, recordedIncrement({ ...prediction, isDisputed: false }));
  population.addToDay(prediction);
  countArrival(db, prediction.recordedAt, patternIndex(prediction.isLowConfidence, false), 1);
  db.run(
    `INSERT INTO versions VALUES (?1, ?2, ?2) ON CONFLICT DO UPDATE
     SET first_at = min(first_at, ?2), last_at = max(last_at, ?2)`,
    ...[prediction.modelVersion, prediction.at],
  );
  return { outcome: 'recorded', id: prediction.id };
}

function insert(db: Database, prediction: Prediction): void {
  const { rates, probabilities } = prediction;
  db.run(
    `INSERT INTO predictions (id, at, recorded_at, model_version, predicted_class, confidence,
       probabilities, segment, object_key, content_digest, is_low_confidence, policy_id, rate_random,
       rate_low_confidence, rate_disputed, rate_spare, source, external_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[prediction.id, prediction.at, prediction.recordedAt, prediction.modelVersion],
    ...[prediction.predictedClass, prediction.confidence],
    probabilities === null ? null : JSON.stringify(probabilities),
    ...[prediction.segment, prediction.objectKey, prediction.contentDigest],
    ...[Number(prediction.isLowConfidence), prediction.policyId],
    ...[rates.random, rates.lowConfidence, rates.disputed, rates.spare],
    ...[prediction.source, prediction.externalId],
  );
}

function countArrival(db: Database, recordedAt: number, pattern: number, by: number): void {
  const column = PATTERNS[pattern] ?? PATTERNS[0];
  db.run(
    `INSERT INTO arrivals (hour, ${column}) VALUES (?1, ?2)
     ON CONFLICT DO UPDATE SET ${column} = ${column} + ?2`,
    ...[hourOf(recordedAt), by],
  );
}

/** Moves the unit to the disputed pattern, for ever; one decided already waits for its revision. */
function markDisputed(
  db: Database,
  population: Population,
  row: PredictionRow,
  by: Disputant,
): void {
  if (by === 'person')
    db.run('UPDATE predictions SET disputed_by_model = 0 WHERE number = ?', row.number);
  if (row.is_disputed === 1) return;
  const isLowConfidence = row.is_low_confidence === 1;
  const decision = decisionOf(row);
  const place = {
    at: row.at,
    modelVersion: row.model_version,
    segment: row.segment,
    predictedClass: row.predicted_class,
  };
  for (const increment of disputedIncrements({
    confidence: row.confidence,
    isLowConfidence,
    decision,
  }))
    population.add(place, increment);
  countArrival(db, row.recorded_at, patternIndex(isLowConfidence, false), -1);
  countArrival(db, row.recorded_at, patternIndex(isLowConfidence, true), 1);
  db.run(
    'UPDATE predictions SET is_disputed = 1, disputed_by_model = ?, awaits_revision = ? WHERE number = ?',
    ...[Number(by === 'model'), Number(decision !== null), row.number],
  );
  db.run('UPDATE units SET is_disputed = 1 WHERE prediction_id = ?', row.id);
}

function forget(db: Database, before: number, limit: number): ObjectKey[] {
  const rows = db.all<Pick<PredictionRow, 'number' | 'id' | 'object_key'>>(
    `SELECT number, id, object_key FROM predictions
     WHERE is_selected = 0 AND awaits_revision = 0 AND recorded_at < ?
     ORDER BY recorded_at LIMIT ?`,
    ...[before, limit],
  );
  for (const { number, id } of rows) {
    db.run('DELETE FROM predictions WHERE number = ?', number);
    db.run('DELETE FROM feedback WHERE prediction_id = ?', id);
  }
  const keys = rows.flatMap(({ object_key: key }) => (key === null ? [] : [key]));
  return [...new Set(keys)].filter((key) => !isReferenced(db, key));
}

const isReferenced = (db: Database, key: ObjectKey): boolean =>
  db.get('SELECT 1 FROM predictions WHERE object_key = ? LIMIT 1', key) !== null;
