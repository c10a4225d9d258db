import { setImmediate } from 'node:timers/promises';

import type { Annotation, Verdict } from '../../domain/annotation.ts';
import type { ModelVersion, PredictionId } from '../../domain/ids.ts';
import type { Unit } from '../../domain/unit.ts';
import { outcomeOf, usableAnswers } from '../../domain/unit.ts';
import type { Database } from './database.ts';
import { parseProbabilities } from './rows.ts';

/** Units read in one go: some milliseconds, after which others have their turn. */
const PAGE = 500;

const COLUMNS = `prediction_id, at, segment, predicted_class, confidence, probabilities, is_low_confidence,
  is_disputed, pi, q, is_random, has_flag, correction, is_erased, verdict, deleted_at, annotations`;

type UnitTuple = readonly [
  predictionId: PredictionId,
  at: number,
  segment: string,
  predictedClass: string,
  confidence: number,
  probabilities: string | null,
  isLowConfidence: number,
  isDisputed: number,
  pi: number,
  q: number,
  isRandom: number,
  hasFlag: number,
  correction: string | null,
  isErased: number,
  verdict: string,
  deletedAt: number | null,
  annotations: string,
];

/**
 * Units of the version with event time in [from, to), oldest first. Their numbers are read at once and never change, so
 * that each comes once although others write between the pages.
 */
export async function readUnits(
  db: Database,
  version: ModelVersion,
  from: number,
  to: number,
  tiesBefore: number,
): Promise<Unit[]> {
  const numbers = await db.read(() =>
    db
      .tuples<readonly [number]>(
        'SELECT number FROM units WHERE model_version = ? AND at >= ? AND at < ? ORDER BY at, number',
        ...[version, from, to],
      )
      .map(([number]) => number),
  );
  const units: Unit[] = [];
  for (let start = 0; start < numbers.length; start += PAGE) {
    if (start > 0) await setImmediate();
    const page = await db.read(() =>
      db.tuples<UnitTuple>(
        `SELECT ${COLUMNS} FROM units WHERE number IN (SELECT value FROM json_each(?)) ORDER BY at, number`,
        JSON.stringify(numbers.slice(start, start + PAGE)),
      ),
    );
    for (const tuple of page) units.push(unitOf(tuple, tiesBefore));
  }
  return units;
}

/** By position and written out: this runs for every labelled prediction of a version, at every sync run. */
const unitOf = (row: UnitTuple, tiesBefore: number): Unit => ({
  predictionId: row[0],
  at: row[1],
  segment: row[2],
  predictedClass: row[3],
  confidence: row[4],
  probabilities: parseProbabilities(row[5]),
  isLowConfidence: row[6] === 1,
  isDisputed: row[7] === 1,
  pi: row[8],
  q: row[9],
  isRandom: row[10] === 1,
  hasFlag: row[11] === 1,
  correction: row[12],
  outcome: outcomeOf(
    { verdict: JSON.parse(row[14]) as Verdict, deletedAt: row[15], isErased: row[13] === 1 },
    tiesBefore,
  ),
  answers: usableAnswers(JSON.parse(row[16]) as Annotation[]),
});
