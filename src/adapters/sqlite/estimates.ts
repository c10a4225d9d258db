import type { AccuracyEstimate, PastEstimate } from '../../domain/estimate.ts';
import { pastEstimate, thinnedPeriods, withoutMistake } from '../../domain/estimate.ts';
import type { ModelVersion, PredictionId } from '../../domain/ids.ts';
import type { EstimateStore } from '../../ports/store/estimate-store.ts';
import type { Database } from './database.ts';
import { feedbackCounts, rollUpFeedback } from './feedback.ts';
import { fenced } from './fence.ts';
import { readBlocks, readDays, rollUpHours } from './population.ts';
import { pairCounts, rollUpPairs, versionPairs } from './shadow-answers.ts';
import { readDifferingUnits, readUnits } from './units.ts';

export const estimateStore = (db: Database): EstimateStore => ({
  modelVersions: () =>
    db.read(() =>
      db
        .all<{ model_version: ModelVersion; first_at: number; last_at: number }>(
          'SELECT * FROM versions ORDER BY last_at DESC, model_version',
        )
        .map((row) => ({
          modelVersion: row.model_version,
          firstAt: row.first_at,
          lastAt: row.last_at,
        })),
    ),
  units: (version, from, to, tiesBefore) => readUnits(db, version, from, to, tiesBefore),
  populationBlocks: (version, from, to) => db.read(() => readBlocks(db, version, from, to)),
  populationDays: (version, from, to) => db.read(() => readDays(db, version, from, to)),
  rollUp: (before, fence) =>
    fenced(db, fence, () => {
      rollUpFeedback(db, before);
      rollUpPairs(db, before);
      rollUpHours(db, before);
    }),
  feedbackCounts: (version, from, to) => db.read(() => feedbackCounts(db, version, from, to)),
  versionPairs: () => db.read(() => versionPairs(db)),
  pairCounts: (pair, from, to) => db.read(() => pairCounts(db, pair, from, to)),
  differingUnits: (pair, from, to, tiesBefore) =>
    readDifferingUnits(db, pair, from, to, tiesBefore),
  saveEstimates: (estimates, fence) =>
    fenced(db, fence, () => {
      for (const estimate of estimates) saveEstimate(db, estimate);
    }),
  latestEstimates: () =>
    db.read(() =>
      parseEstimates(db.all('SELECT body FROM latest_estimates ORDER BY model_version, window')),
    ),
  estimateHistory: (version, window, from, to) =>
    db.read(() =>
      db
        .all<{ body: string }>(
          `SELECT body FROM estimates
           WHERE model_version = ? AND window = ? AND as_of >= ? AND as_of < ? ORDER BY as_of`,
          ...[version, window, from, to],
        )
        .map(({ body }) => JSON.parse(body) as PastEstimate),
    ),
});

const parseEstimates = (rows: readonly { readonly body: string }[]): AccuracyEstimate[] =>
  rows.map(({ body }) => JSON.parse(body) as AccuracyEstimate);

function saveEstimate(db: Database, estimate: AccuracyEstimate): void {
  const { modelVersion, window, asOf } = estimate;
  db.run(
    'INSERT OR REPLACE INTO estimates VALUES (?, ?, ?, ?)',
    ...[modelVersion, window, asOf, JSON.stringify(pastEstimate(estimate))],
  );
  saveLatest(db, estimate);
  for (const { from, to } of thinnedPeriods(asOf))
    db.run(
      `DELETE FROM estimates WHERE model_version = ?1 AND window = ?2 AND as_of >= ?3 AND as_of <
         (SELECT max(as_of) FROM estimates
          WHERE model_version = ?1 AND window = ?2 AND as_of >= ?3 AND as_of < ?4)`,
      ...[modelVersion, window, from, to],
    );
}

const saveLatest = (db: Database, estimate: AccuracyEstimate): void => {
  db.run(
    'INSERT OR REPLACE INTO latest_estimates VALUES (?, ?, ?)',
    ...[estimate.modelVersion, estimate.window, JSON.stringify(estimate)],
  );
};

/** @param id of a prediction that is being erased */
export function dropMistake(db: Database, modelVersion: string, id: PredictionId): void {
  const latest = parseEstimates(
    db.all('SELECT body FROM latest_estimates WHERE model_version = ?', modelVersion),
  );
  for (const estimate of latest) {
    const left = withoutMistake(estimate, id);
    if (left !== null) saveLatest(db, left);
  }
}
