import type { ModelVersion } from '../../domain/ids.ts';
import type { CellIncrement, PopulationBlock, PopulationDay } from '../../domain/population.ts';
import { BLOCK_LENGTH, HISTOGRAM_BINS, histogramBin } from '../../domain/population.ts';
import type { Prediction } from '../../domain/prediction.ts';
import { dayOf, hourOf } from '../../domain/window.ts';
import type { Database } from './database.ts';

const DAY_MS = 86_400_000;
const ROLLED_UNTIL = 'population_rolled_until';

/** Where a prediction is counted. */
export type Place = Pick<Prediction, 'at' | 'modelVersion' | 'segment' | 'predictedClass'>;

type Day = readonly [version: ModelVersion, from: number];

/**
 * Population counts. Each hour and each day has a block of fixed size for every segment and class, both kept in step, so
 * that a window is read as whole days and the few hours at its ends. Rolling up takes the hours of a day away.
 * What the writes of one group add is gathered: each block is read and written once for all of them.
 */
export class Population {
  readonly #db: Database;
  readonly #increments = new Map<string, { place: Place; increments: CellIncrement[] }>();
  readonly #recorded = new Map<string, { day: Day; predictions: Prediction[] }>();

  constructor(db: Database) {
    this.#db = db;
    db.register({
      apply: () => {
        this.#apply();
      },
      discard: () => {
        this.#discard();
      },
    });
  }

  /** Within a write: adds to the prediction's cell. */
  add(place: Place, increment: CellIncrement): void {
    this.#db.onSuccess(() => {
      const { at, modelVersion, segment, predictedClass } = place;
      const key = JSON.stringify([hourOf(at), modelVersion, segment, predictedClass]);
      const known = this.#increments.get(key);
      if (known === undefined) this.#increments.set(key, { place, increments: [increment] });
      else known.increments.push(increment);
    });
  }

  /** Within a write: adds to the day's confidence histogram and to the sums of class probabilities. */
  addToDay(prediction: Prediction): void {
    this.#db.onSuccess(() => {
      const day = [prediction.modelVersion, dayOf(prediction.at)] as const;
      const key = JSON.stringify(day);
      const known = this.#recorded.get(key);
      if (known === undefined) this.#recorded.set(key, { day, predictions: [prediction] });
      else known.predictions.push(prediction);
    });
  }

  #apply(): void {
    const rolled = rolledUntil(this.#db);
    for (const { place, increments } of this.#increments.values()) {
      if (place.at >= rolled) addToBlock(this.#db, place, 0, hourOf(place.at), increments);
      addToBlock(this.#db, place, 1, dayOf(place.at), increments);
    }
    for (const { day, predictions } of this.#recorded.values()) {
      addToHistogram(this.#db, day, predictions);
      addClassProbabilities(this.#db, day, predictions);
    }
    this.#discard();
  }

  #discard(): void {
    this.#increments.clear();
    this.#recorded.clear();
  }
}

function addToBlock(
  db: Database,
  { modelVersion, segment, predictedClass }: Place,
  isDay: 0 | 1,
  from: number,
  increments: readonly CellIncrement[],
): void {
  const row = db.get<{ rowid: number; sums: Uint8Array }>(
    `SELECT rowid, sums FROM population
     WHERE model_version = ? AND is_day = ? AND from_at = ? AND segment = ? AND predicted_class = ?`,
    ...[modelVersion, isDay, from, segment, predictedClass],
  );
  const sums = row === null ? new Float64Array(BLOCK_LENGTH) : doublesOf(row.sums);
  for (const { offset, values } of increments)
    values.forEach((value, index) => {
      sums[offset + index] = (sums[offset + index] ?? 0) + value;
    });
  if (row !== null)
    db.run('UPDATE population SET sums = ? WHERE rowid = ?', bytesOf(sums), row.rowid);
  else
    db.run(
      'INSERT INTO population VALUES (?, ?, ?, ?, ?, ?)',
      ...[modelVersion, isDay, from, segment, predictedClass, bytesOf(sums)],
    );
}

function addToHistogram(db: Database, day: Day, predictions: readonly Prediction[]): void {
  const row = db.get<{ rowid: number; histogram: Uint8Array }>(
    'SELECT rowid, histogram FROM population_days WHERE model_version = ? AND from_at = ?',
    ...day,
  );
  const histogram = row === null ? new Float64Array(HISTOGRAM_BINS) : doublesOf(row.histogram);
  for (const { confidence } of predictions) {
    const bin = histogramBin(confidence);
    histogram[bin] = (histogram[bin] ?? 0) + 1;
  }
  if (row === null)
    db.run('INSERT INTO population_days VALUES (?, ?, ?)', ...day, bytesOf(histogram));
  else
    db.run(
      'UPDATE population_days SET histogram = ? WHERE rowid = ?',
      bytesOf(histogram),
      row.rowid,
    );
}

function addClassProbabilities(db: Database, day: Day, predictions: readonly Prediction[]): void {
  const byClass = new Map<string, Map<string, number>>();
  for (const { predictedClass, probabilities } of predictions) {
    if (probabilities === null) continue;
    const sums = byClass.get(predictedClass) ?? readSums(db, day, predictedClass);
    for (const [name, probability] of Object.entries(probabilities))
      sums.set(name, (sums.get(name) ?? 0) + probability);
    byClass.set(predictedClass, sums);
  }
  for (const [predictedClass, sums] of byClass)
    db.run(
      'INSERT OR REPLACE INTO class_probabilities VALUES (?, ?, ?, ?)',
      ...[...day, predictedClass, JSON.stringify(Object.fromEntries(sums))],
    );
}

function readSums(db: Database, day: Day, predictedClass: string): Map<string, number> {
  const row = db.get<{ sums: string }>(
    `SELECT sums FROM class_probabilities
     WHERE model_version = ? AND from_at = ? AND predicted_class = ?`,
    ...[...day, predictedClass],
  );
  return new Map(Object.entries(JSON.parse(row?.sums ?? '{}') as Record<string, number>));
}

/** Hours before this are rolled up: their sums are in their day's block only. */
export const rolledUntil = (db: Database): number =>
  db.get<{ value: number }>('SELECT value FROM facts WHERE name = ?', ROLLED_UNTIL)?.value ?? 0;

/** Takes away the hours of all days that end before `before`; safe to repeat. */
export function rollUpHours(db: Database, before: number): void {
  const until = dayOf(before);
  if (until <= rolledUntil(db)) return;
  db.run('DELETE FROM population WHERE is_day = 0 AND from_at < ?', until);
  db.run('INSERT OR REPLACE INTO facts VALUES (?, ?)', ROLLED_UNTIL, until);
}

/** Whole days as days, the rest as hours; a rolled-up day belongs to every window that touches it. */
export function readBlocks(
  db: Database,
  version: ModelVersion,
  from: number,
  to: number,
): PopulationBlock[] {
  const rolled = rolledUntil(db);
  const daysFrom = dayOf(from) < rolled ? dayOf(from) : dayOf(from + DAY_MS - 1);
  const daysTo = Math.max(dayOf(to), Math.min(rolled, dayOf(to + DAY_MS - 1)));
  if (daysFrom >= daysTo) return blocks(db, version, 0, hourOf(from), to);
  return [
    ...blocks(db, version, 0, hourOf(from), Math.min(daysFrom, to)),
    ...blocks(db, version, 1, daysFrom, daysTo),
    ...blocks(db, version, 0, daysTo, to),
  ];
}

interface BlockRow {
  readonly from_at: number;
  readonly segment: string;
  readonly predicted_class: string;
  readonly sums: Uint8Array;
}

const blocks = (
  db: Database,
  version: ModelVersion,
  isDay: 0 | 1,
  from: number,
  to: number,
): PopulationBlock[] =>
  db
    .all<BlockRow>(
      `SELECT from_at, segment, predicted_class, sums FROM population
       WHERE model_version = ? AND is_day = ? AND from_at >= ? AND from_at < ?
       ORDER BY from_at, segment, predicted_class`,
      ...[version, isDay, from, to],
    )
    .map((row) => ({
      from: row.from_at,
      segment: row.segment,
      predictedClass: row.predicted_class,
      sums: doublesOf(row.sums),
    }));

/** The days that touch [from, to). */
export function readDays(
  db: Database,
  version: ModelVersion,
  from: number,
  to: number,
): PopulationDay[] {
  const range = [version, dayOf(from), to] as const;
  const classes = new Map<number, Record<string, Record<string, number>>>();
  for (const row of db.all<{ from_at: number; predicted_class: string; sums: string }>(
    `SELECT from_at, predicted_class, sums FROM class_probabilities
     WHERE model_version = ? AND from_at >= ? AND from_at < ?`,
    ...range,
  )) {
    const day = classes.get(row.from_at) ?? {};
    day[row.predicted_class] = JSON.parse(row.sums) as Record<string, number>;
    classes.set(row.from_at, day);
  }
  return db
    .all<{ from_at: number; histogram: Uint8Array }>(
      `SELECT from_at, histogram FROM population_days
       WHERE model_version = ? AND from_at >= ? AND from_at < ? ORDER BY from_at`,
      ...range,
    )
    .map(({ from_at: day, histogram }) => ({
      from: day,
      histogram: doublesOf(histogram),
      classProbabilities: classes.get(day) ?? {},
    }));
}

const doublesOf = (bytes: Uint8Array): Float64Array =>
  new Float64Array(
    bytes.byteOffset % 8 === 0
      ? bytes.buffer
      : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    bytes.byteOffset % 8 === 0 ? bytes.byteOffset : 0,
    bytes.byteLength / 8,
  );

const bytesOf = (doubles: Float64Array): Uint8Array =>
  new Uint8Array(doubles.buffer, doubles.byteOffset, doubles.byteLength);
