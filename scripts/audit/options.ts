import path from 'node:path';
import { parseArgs } from 'node:util';

import { readClasses } from '../../src/wire/deployment.ts';
import { UsageError } from '../records/run-command.ts';
import { columnHelp, type Field, FIELDS } from './columns.ts';
import { NAME } from './installation.ts';
import type { Log } from './read-log.ts';
import { readTime } from './read-row.ts';

export const HELP = `npm run audit -- FILE.csv --images DIR --budget NUMBER [options]

How accurate was a model on what it answered already? Draws a sample of logged predictions, has people label it in a Label
Studio project of its own, and gives the accuracy of all of them with its 95 % interval as the answers arrive. The model is not
needed, and neither is the service; a running service is not touched.

  --images DIR           where the log's images are, there or below
  --budget NUMBER        how many are to be labelled; as many as the log has, or more: all of them
  --name NAME            of the audit and of its project (default: the log's name)
  --classes FILE         the model's classes, as a JSON array or one a line (default: those that the log names)
  --model-version NAME   of all rows, for a log without such a column
  --time TIME            of all rows, likewise
  --column WHAT=NAME     a column that goes by another name; may be repeated
  --port NUMBER          where this command serves the pictures to annotators' browsers (default 5050)
  --public-url URL       how annotators on other machines reach that port
  --json                 the final estimates for programs

What is needed of a row, and the names that its column may have (capitals don't matter):
${columnHelp()}
In place of class and confidence there may be a column a class with its probability: p_CLASS, or CLASS itself with --classes.

It runs until everything is labelled, since the pictures come from it. Ctrl-C ends it; the same command goes on. Label Studio
is the one that the service uses (npm start, or LABEL_STUDIO_URL and LABEL_STUDIO_TOKEN).
`;

export interface Options {
  readonly log: Log;
  readonly images: string;
  readonly budget: number;
  readonly name: string;
  readonly port: number;
  readonly publicUrl: string | null;
  readonly json: boolean;
}

/** @throws UsageError, ConfigInvalid */
export function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      images: { type: 'string' },
      budget: { type: 'string' },
      name: { type: 'string' },
      classes: { type: 'string' },
      'model-version': { type: 'string' },
      time: { type: 'string' },
      column: { type: 'string', multiple: true, default: [] },
      port: { type: 'string', default: '5050' },
      'public-url': { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0)
    throw new UsageError('Name one log: npm run audit -- FILE.csv --images DIR --budget NUMBER');
  if (values.images === undefined)
    throw new UsageError('--images is missing: the folder with the images of the log.');
  return {
    log: {
      file,
      named: namedColumns(values.column),
      classes: values.classes === undefined ? null : readClasses(values.classes, '--classes '),
      version: values['model-version'] ?? null,
      time: values.time === undefined ? null : timeOf(values.time),
    },
    images: values.images,
    budget: wholeNumber('--budget', values.budget),
    name: nameOf(values.name ?? path.basename(file).replace(/\.[^.]*$/, '')),
    port: wholeNumber('--port', values.port),
    publicUrl: values['public-url'] ?? null,
    json: values.json,
  };
}

function wholeNumber(option: string, text: string | undefined): number {
  if (text !== undefined && /^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`${option} ${text ?? 'is missing'}: expected a whole number from 1.`);
}

function nameOf(name: string): string {
  if (NAME.test(name)) return name;
  throw new UsageError(
    `--name ${name}: expected 1 to 35 letters, digits, blanks, dots, hyphens or underscores.`,
  );
}

function timeOf(text: string): number {
  const at = readTime(text);
  if (at !== null) return at;
  throw new UsageError(
    `--time ${text}: expected a time such as 2026-11-25 or 2026-11-25T13:00:00Z.`,
  );
}

function namedColumns(pairs: readonly string[]): Log['named'] {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [field = '', ...name] = pair.split('=');
      if (FIELDS.includes(field as Field) && name.length > 0) return [field, name.join('=')];
      throw new UsageError(
        `--column ${pair}: expected one of ${FIELDS.join(', ')}, then = and the column's name.`,
      );
    }),
  );
}
