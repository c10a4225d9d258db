import { RequestInvalid } from '../../src/domain/errors.ts';
import { readAnswer } from '../../src/record/read-report.ts';
import type { ModelAnswer } from '../../src/record/record-prediction.ts';
import type { Columns } from './columns.ts';

/** A logged prediction. */
export interface LoggedPrediction {
  /** Where it begins in the file, from 1. */
  readonly line: number;
  /** As the log names it. */
  readonly image: string;
  /** Event time, ms. */
  readonly at: number;
  readonly answer: ModelAnswer;
}

export interface RowRules {
  readonly columns: Columns;
  /** Null: whatever the log names is a class. */
  readonly classes: readonly string[] | null;
  /** Stand for columns that the log lacks. */
  readonly version: string | null;
  readonly time: number | null;
  /** A prediction can't be later, ms. */
  readonly now: number;
}

/** @throws RequestInvalid naming what is wrong in the row and what was expected */
export function readRow(
  cells: readonly string[],
  line: number,
  { columns, classes, version, time, now }: RowRules,
): LoggedPrediction {
  const cell = (index: number | null): string =>
    index === null ? '' : (cells[index] ?? '').trim();
  const image = cell(columns.image);
  if (image === '') throw new RequestInvalid('no image is named');
  const model = columns.version === null ? (version ?? '') : cell(columns.version);
  if (model === '' || model.length > 200)
    throw new RequestInvalid('model version: expected 1 to 200 characters');
  const probabilities = probabilitiesIn(columns, cell);
  const predictedClass = cell(columns.class) || null;
  if (predictedClass === null && probabilities === null)
    throw new RequestInvalid('no predicted class is named');
  const confidence =
    columns.confidence === null ? null : shareIn('confidence', cell(columns.confidence));
  const known =
    classes ??
    [...Object.keys(probabilities ?? {}), predictedClass].filter((name) => name !== null);
  const answer = readAnswer(
    { predictedClass, confidence, probabilities, modelVersion: model },
    known,
  );
  const at = columns.time === null ? time : readTime(cell(columns.time));
  if (at === null || at > now)
    throw new RequestInvalid(
      `time "${cell(columns.time)}": expected one that is past, as 2026-11-25T13:00:00Z (UTC where no zone stands) or in seconds since 1970`,
    );
  return { line, image, at, answer };
}

function probabilitiesIn(
  { probabilities }: Columns,
  cell: (index: number) => string,
): Readonly<Record<string, number>> | null {
  if (probabilities.length === 0) return null;
  return Object.fromEntries(
    probabilities.map(({ className, index }) => [
      className,
      shareIn(`probability of "${className}"`, cell(index)),
    ]),
  );
}

function shareIn(what: string, text: string): number {
  const value = text === '' ? Number.NaN : Number(text);
  if (value >= 0 && value <= 1) return value;
  throw new RequestInvalid(`${what} "${text}": expected a number from 0 to 1`);
}

const ISO =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?) ?(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i;
/** Seconds since 1970 pass this in the year 5138; as milliseconds it was in 1973. */
const MILLISECONDS_FROM = 1e11;

/** @returns ms since the epoch, or null when it is no time */
export function readTime(text: string): number | null {
  if (/^\d+(\.\d+)?$/.test(text)) {
    const value = Number(text);
    return Math.floor(value >= MILLISECONDS_FROM ? value : value * 1000);
  }
  const [, day, clock = '00:00', zone = 'Z'] = ISO.exec(text) ?? [];
  if (day === undefined) return null;
  const at = Date.parse(
    `${day}T${clock.replace(',', '.')}${/^(z|utc)$/i.test(zone) ? 'Z' : zone.replace(/(\d{2}):?(\d{2})$/, '$1:$2')}`,
  );
  return Number.isNaN(at) ? null : at;
}
