import { setImmediate } from 'node:timers/promises';

import type { Annotation, Verdict } from '../../domain/annotation.ts';
import type { ModelVersion, PredictionId } from '../../domain/ids.ts';
import type { VersionPair } from '../../domain/shadow-answer.ts';
import type { DifferingUnit, Unit } from '../../domain/unit.ts';
import { outcomeOf, usableAnswers } from '../../domain/unit.ts';
import type { Database } from './database.ts';
import { parseProbabilities } from './rows.ts';

/** Units read in one go: some milliseconds, after which others have their turn. */
const PAGE = 500;

/** What became of a shared task is read from the unit that has it; its answers count there, once. */
const COLUMNS = `u.prediction_id, u.at, u.segment, u.predicted_class, u.confidence, u.probabilities,
  u.is_low_confidence, u.is_disputed, u.pi, u.q, u.is_random, u.has_flag, u.correction, u.is_erased,
  ifnull(host.verdict, u.verdict), ifnull(host.deleted_at, u.deleted_at), u.annotations, u.shadow_class`;

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
  shadowClass: string | null,
];

/** Units of the version with event time in [from, to), oldest first. */
export const readUnits = (
  db: Database,
  version: ModelVersion,
  from: number,
  to: number,
  tiesBefore: number,
): Promise<Unit[]> =>
  readPages(
    db,
    'SELECT number FROM units WHERE model_version = ? AND at >= ? AND at < ? ORDER BY at, number',
    [version, from, to],
    (tuple) => unitOf(tuple, tiesBefore),
  );

/** Those of them on which the other version named a different class. */
export const readDifferingUnits = (
  db: Database,
  { served, other }: VersionPair,
  from: number,
  to: number,
  tiesBefore: number,
): Promise<DifferingUnit[]> =>
  readPages(
    db,
    `SELECT number FROM units WHERE model_version = ? AND shadow_version = ? AND at >= ? AND at < ?
       AND shadow_class <> predicted_class ORDER BY at, number`,
    [served, other, from, to],
    (tuple) => ({ ...unitOf(tuple, tiesBefore), otherClass: tuple[17] ?? '' }),
  );

/**
 * The numbers of the units are read at once and never change, so that each comes once although others write between the
 * pages.
 */
async function readPages<Read>(
  db: Database,
  sql: string,
  values: readonly (string | number)[],
  read: (tuple: UnitTuple) => Read,
): Promise<Read[]> {
  const numbers = await db.read(() =>
    db.tuples<readonly [number]>(sql, ...values).map(([number]) => number),
  );
  const units: Read[] = [];
  for (let start = 0; start < numbers.length; start += PAGE) {
    if (start > 0) await setImmediate();
    const page = await db.read(() =>
      db.tuples<UnitTuple>(
        `SELECT ${COLUMNS} FROM units AS u LEFT JOIN units AS host ON host.prediction_id = u.joined_to
         WHERE u.number IN (SELECT value FROM json_each(?)) ORDER BY u.at, u.number`,
        JSON.stringify(numbers.slice(start, start + PAGE)),
      ),
    );
    for (const tuple of page) units.push(read(tuple));
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
