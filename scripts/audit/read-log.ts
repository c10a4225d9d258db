import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream';

import { CsvError, parse } from 'csv-parse';

import { RequestInvalid } from '../../src/domain/errors.ts';
import { HISTOGRAM_BINS, histogramBin } from '../../src/domain/population.ts';
import { createProgress } from '../records/progress.ts';
import { UsageError } from '../records/run-command.ts';
import { type ColumnRules, type Columns, readColumns } from './columns.ts';
import type { Images } from './find-images.ts';
import { type LoggedPrediction, readRow, type RowRules } from './read-row.ts';

/** A log and how to read it. */
export interface Log {
  readonly file: string;
  readonly named: ColumnRules['named'];
  readonly classes: readonly string[] | null;
  readonly version: string | null;
  readonly time: number | null;
}

/** What a log holds; it was read to its end and no row is faulty. */
export interface LogSummary {
  readonly digest: string;
  readonly rows: number;
  readonly versions: readonly string[];
  /** As given, or those that the log names, sorted. */
  readonly classes: readonly string[];
  readonly from: number;
  readonly to: number;
  /** Rows whose image is there: these are audited. */
  readonly withImage: number;
  /** Names of the images that are not. */
  readonly missing: readonly string[];
  /** Confidences of the rows with an image. */
  readonly confidences: Float64Array;
}

const FAULTS_TOLD = 20;
const LINE_BYTES_MAX = 1_000_000;
const HEADER_BYTES = 65_536;

/**
 * Reads the whole log before anything is done with it.
 * @param now a logged prediction can't be later, ms
 * @throws UsageError naming the columns that lack, or the faulty rows with their lines
 */
export async function summarise(log: Log, images: Images, now: number): Promise<LogSummary> {
  const [versions, classes] = [new Set<string>(), new Set<string>(log.classes ?? [])];
  const confidences = new Float64Array(HISTOGRAM_BINS);
  const missing: string[] = [];
  let [rows, from, to] = [0, Infinity, -Infinity];
  const faults: string[] = [];
  let faulty = 0;
  const progress = createProgress();
  for await (const read of readRows(log, now)) {
    rows += 1;
    progress(() => `${rows.toLocaleString('en')} rows read`);
    if ('fault' in read) {
      faulty += 1;
      if (faults.length < FAULTS_TOLD) faults.push(`  line ${read.line}: ${read.fault}`);
      continue;
    }
    const { answer, at, image } = read.prediction;
    versions.add(answer.modelVersion);
    for (const name of [answer.predictedClass, ...Object.keys(answer.probabilities ?? {})])
      classes.add(name);
    [from, to] = [Math.min(from, at), Math.max(to, at)];
    if (images.find(image) === null) missing.push(image);
    else {
      const bin = histogramBin(answer.confidence);
      confidences[bin] = (confidences[bin] ?? 0) + 1;
    }
  }
  if (faulty > 0) throw new UsageError(faultText(log.file, faults, faulty, rows));
  if (rows === 0) throw new UsageError(`${log.file} holds no prediction.`);
  return {
    ...{ digest: await digestOf(log.file), rows, from, to, missing, confidences },
    versions: [...versions].sort(),
    classes: log.classes ?? [...classes].sort(),
    withImage: rows - missing.length,
  };
}

function faultText(file: string, faults: readonly string[], faulty: number, rows: number): string {
  const more = faulty > faults.length ? [`  and ${faulty - faults.length} more`] : [];
  return [
    `${file}: ${faulty} of ${rows} rows can't be used; nothing was done.`,
    ...faults,
    ...more,
  ].join('\n');
}

type ReadRow =
  { readonly prediction: LoggedPrediction } | { readonly line: number; readonly fault: string };

/** The rows of a log, one at a time. @throws UsageError when it can't be read as CSV, or columns lack */
async function* readRows(log: Log, now: number): AsyncGenerator<ReadRow> {
  let rules: RowRules | null = null;
  for await (const { cells, line } of csvRows(log.file)) {
    if (rules === null) {
      rules = { ...log, now, columns: columnsOf(log, cells) };
      continue;
    }
    try {
      yield { prediction: readRow(cells, line, rules) };
    } catch (error) {
      if (!(error instanceof RequestInvalid)) throw error;
      yield { line, fault: error.message };
    }
  }
}

/** The predictions of a log that was found to be without fault. */
export async function* predictionsIn(log: Log, now: number): AsyncGenerator<LoggedPrediction> {
  for await (const read of readRows(log, now)) if ('prediction' in read) yield read.prediction;
}

const columnsOf = (log: Log, header: readonly string[]): Columns =>
  readColumns(header, {
    ...log,
    given: { version: log.version !== null, time: log.time !== null },
  });

async function* csvRows(
  file: string,
): AsyncGenerator<{ readonly cells: readonly string[]; readonly line: number }> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile() !== true) throw new UsageError(`${file} is no file: name a log as CSV.`);
  const rows = pipeline(
    createReadStream(file),
    parse({
      ...{ bom: true, info: true, skip_empty_lines: true, max_record_size: LINE_BYTES_MAX },
      delimiter: await delimiterOf(file),
    }),
    () => undefined,
  );
  try {
    for await (const { record, info } of rows as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      // The parser tells where a row ends.
      yield { cells: record, line: info.lines - breaksIn(record) };
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UsageError(`${file} can't be read as CSV: ${error.message}. Nothing was done.`);
  }
}

/** What stands most often between the names of the columns: spreadsheets of some languages write semicolons. */
async function delimiterOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0);
    const [header = ''] = buffer.toString('utf8', 0, bytesRead).split('\n');
    const times = (mark: string): number => header.split(mark).length;
    return [',', ';', '\t'].reduce((best, mark) => (times(mark) > times(best) ? mark : best));
  } finally {
    await handle.close();
  }
}

const breaksIn = (cells: readonly string[]): number =>
  cells.reduce((sum, cell) => sum + (cell.match(/\r\n|\n|\r/g)?.length ?? 0), 0);

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(file)) hash.update(part as Buffer);
  return hash.digest('hex');
}
