import type { ModelVersion } from '../../domain/ids.ts';
import type { CellIncrement, PopulationBlock, PopulationDay } from '../../domain/population.ts';
import { BLOCK_LENGTH, HISTOGRAM_BINS, histogramBin } from '../../domain/population.ts';
import type { Prediction } from '../../domain/prediction.ts';
import { dayOf, hourOf } from '../../domain/window.ts';
import type { Connection } from './connection.ts';
import type { Transaction } from './transaction.ts';

const DAY_MS = 86_400_000;
const DOUBLE_BYTES = 8;

/** Where a prediction is counted. */
export type Place = Pick<Prediction, 'at' | 'modelVersion' | 'segment' | 'predictedClass'>;

type Level = 'hour' | 'day';
type BlockName = readonly [from: number, segment: string, predictedClass: string];

const indexKey = (connection: Connection, level: Level, version: string): string =>
  connection.key('blocks', level, version);
const blockKey = (connection: Connection, level: Level, version: string, name: BlockName): string =>
  connection.key('block', level, version, ...name);
export const rolledKey = (connection: Connection): string => connection.key('rolled-until');

/**
 * Population counts. Each hour and each day has a block of fixed size for every segment and class, both kept in step, so
 * that a window is read as whole days and the few hours at its ends. Rolling up takes the hours of a day away.
 */
export class PopulationChanges {
  readonly #connection: Connection;
  readonly #sums = new Map<string, { place: Place; offset: number; values: number[] }>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  add(place: Place, { offset, values }: CellIncrement): void {
    const { at, modelVersion, segment, predictedClass } = place;
    const key = JSON.stringify([hourOf(at), modelVersion, segment, predictedClass, offset]);
    const known = this.#sums.get(key);
    if (known === undefined) this.#sums.set(key, { place, offset, values: [...values] });
    else known.values = known.values.map((value, index) => value + (values[index] ?? 0));
  }

  /** @param rolledUntil as read in this transaction */
  writeTo(transaction: Transaction, rolledUntil: number): void {
    for (const { place, offset, values } of this.#sums.values()) {
      const levels: Level[] = place.at < rolledUntil ? ['day'] : ['hour', 'day'];
      for (const level of levels) this.#writeBlock(transaction, level, place, offset, values);
    }
  }

  #writeBlock(
    transaction: Transaction,
    level: Level,
    { at, modelVersion, segment, predictedClass }: Place,
    offset: number,
    values: readonly number[],
  ): void {
    const from = level === 'hour' ? hourOf(at) : dayOf(at);
    const name = [from, segment, predictedClass] as const;
    transaction.command(
      'ZADD',
      indexKey(this.#connection, level, modelVersion),
      from,
      JSON.stringify(name),
    );
    transaction.command(
      'ADD',
      blockKey(this.#connection, level, modelVersion, name),
      ...[BLOCK_LENGTH * DOUBLE_BYTES, offset * DOUBLE_BYTES, ...values],
    );
  }
}

/** Time before which hours are rolled up; 0 before the first time. */
export const readRolledUntil = async (
  connection: Connection,
  transaction: Transaction,
): Promise<number> => Number((await transaction.read(rolledKey(connection))) ?? 0);

/** Adds a prediction to its day's confidence histogram and to the sums of class probabilities. */
export function countInDay(
  connection: Connection,
  transaction: Transaction,
  { at, modelVersion, predictedClass, confidence, probabilities }: Prediction,
): void {
  const day = dayOf(at);
  transaction.command('ZADD', connection.key('days', modelVersion), day, day);
  transaction.command(
    'ADD',
    connection.key('histogram', modelVersion, day),
    ...[HISTOGRAM_BINS * DOUBLE_BYTES, histogramBin(confidence) * DOUBLE_BYTES, 1],
  );
  for (const [name, probability] of Object.entries(probabilities ?? {}))
    transaction.command(
      'HINCRBYFLOAT',
      connection.key('class-probabilities', modelVersion, day),
      ...[JSON.stringify([predictedClass, name]), probability],
    );
}

/** Whole days as days, the rest as hours; a rolled-up day belongs to every window that touches it. */
export async function readBlocks(
  connection: Connection,
  version: ModelVersion,
  from: number,
  to: number,
): Promise<PopulationBlock[]> {
  const rolled = Number((await connection.get(rolledKey(connection))) ?? 0);
  const daysFrom = dayOf(from) < rolled ? dayOf(from) : dayOf(from + DAY_MS - 1);
  const daysTo = Math.max(dayOf(to), Math.min(rolled, dayOf(to + DAY_MS - 1)));
  const parts: (readonly [Level, number, number])[] =
    daysFrom >= daysTo
      ? [['hour', hourOf(from), to]]
      : [
          ['hour', hourOf(from), Math.min(daysFrom, to)],
          ['day', daysFrom, daysTo],
          ['hour', daysTo, to],
        ];
  const found = await Promise.all(
    parts.map(([level, start, end]) => blocks(connection, version, level, start, end)),
  );
  const isWhole = Number((await connection.get(rolledKey(connection))) ?? 0) === rolled;
  return isWhole ? found.flat() : readBlocks(connection, version, from, to);
}

async function blocks(
  connection: Connection,
  version: ModelVersion,
  level: Level,
  from: number,
  to: number,
): Promise<PopulationBlock[]> {
  if (from >= to) return [];
  const names = (await connection.members(indexKey(connection, level, version), from, to)).map(
    (member) => JSON.parse(member) as BlockName,
  );
  const bytes = await connection.getAllBytes(
    names.map((name) => blockKey(connection, level, version, name)),
  );
  return names.flatMap(([start, segment, predictedClass], index) => {
    const sums = bytes[index];
    return sums == null ? [] : [{ from: start, segment, predictedClass, sums: doublesOf(sums) }];
  });
}

/** The days that touch [from, to). */
export async function readDays(
  connection: Connection,
  version: ModelVersion,
  from: number,
  to: number,
): Promise<PopulationDay[]> {
  const days = (await connection.members(connection.key('days', version), dayOf(from), to)).map(
    Number,
  );
  const histograms = await connection.getAllBytes(
    days.map((day) => connection.key('histogram', version, day)),
  );
  return Promise.all(
    days.map(async (day, index) => ({
      from: day,
      histogram: doublesOf(histograms[index] ?? Buffer.alloc(HISTOGRAM_BINS * DOUBLE_BYTES)),
      classProbabilities: nested(
        await connection.fields(connection.key('class-probabilities', version, day)),
      ),
    })),
  );
}

function nested(fields: ReadonlyMap<string, string>): Record<string, Record<string, number>> {
  const sums: Record<string, Record<string, number>> = {};
  for (const [field, sum] of fields) {
    const [predictedClass, name] = JSON.parse(field) as [string, string];
    sums[predictedClass] = { ...sums[predictedClass], [name]: Number(sum) };
  }
  return sums;
}

/** Takes away the hours of all days that end before `until`. */
export async function rollUpHours(
  connection: Connection,
  transaction: Transaction,
  until: number,
): Promise<void> {
  const rolled = await readRolledUntil(connection, transaction);
  if (until <= rolled) return;
  transaction.write(rolledKey(connection), String(until));
  const versions = await connection.members(connection.key('versions-last'));
  for (const version of versions) {
    const index = indexKey(connection, 'hour', version);
    const names = await connection.members(index, rolled, until);
    for (const member of names)
      transaction.command(
        'DEL',
        blockKey(connection, 'hour', version, JSON.parse(member) as BlockName),
      );
    if (names.length > 0) transaction.command('ZREMRANGEBYSCORE', index, '-inf', `(${until}`);
  }
}

/** Doubles as they lie in the script's blocks: little-endian, as every machine that Node runs on. */
function doublesOf(bytes: Buffer): Float64Array {
  const copy = new Uint8Array(bytes);
  return new Float64Array(copy.buffer, 0, copy.byteLength / DOUBLE_BYTES);
}
