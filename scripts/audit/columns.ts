import { UsageError } from '../records/run-command.ts';

/** What a log may tell of a prediction, with the names that its column may have: the first is ours. */
const ALIASES = {
  image: ['image', 'file', 'file_name', 'filename', 'path', 'image_path', 'image_id', 'id'],
  class: ['predicted_class', 'class', 'prediction', 'predicted', 'predicted_label'],
  confidence: ['confidence', 'probability', 'score'],
  version: ['model_version', 'model', 'version'],
  time: ['time', 'timestamp', 'predicted_at', 'created_at', 'datetime', 'date'],
} as const;
export type Field = keyof typeof ALIASES;
export const FIELDS = Object.keys(ALIASES) as readonly Field[];

/** What the columns of a log with one probability a class begin with. */
const PROBABILITY = /^(?:p|prob|probability)_(?=.)/i;

/** Where a log tells what: index of a column, null where it does not tell it. */
export interface Columns {
  readonly image: number;
  readonly class: number | null;
  readonly confidence: number | null;
  readonly version: number | null;
  readonly time: number | null;
  /** One a class, empty where there is none. */
  readonly probabilities: readonly { readonly className: string; readonly index: number }[];
}

export interface ColumnRules {
  /** Names of one's own. */
  readonly named: Readonly<Partial<Record<Field, string>>>;
  /** The model's classes, where they are known beforehand: columns of their names hold probabilities. */
  readonly classes: readonly string[] | null;
  /** What is told for all rows at once and needs no column. */
  readonly given: { readonly version: boolean; readonly time: boolean };
}

/** The names that are understood, for people. */
export const columnHelp = (): string =>
  FIELDS.map((field) => `  ${field.padEnd(11)} ${ALIASES[field].join(', ')}`).join('\n');

/**
 * Finds out what the columns of a log are. Capitals, blanks and hyphens do not matter.
 * @param header names of the columns
 * @throws UsageError saying what was found and what is needed
 */
export function readColumns(header: readonly string[], rules: ColumnRules): Columns {
  const names = header.map(plain);
  const found = Object.fromEntries(
    FIELDS.map((field) => [field, indexOf(field, header, names, rules.named[field])]),
  ) as Record<Field, number | null>;
  const taken = new Set(Object.values(found));
  const probabilities = header.flatMap((name, index) => {
    const className = taken.has(index) ? null : classOf(name, rules.classes);
    return className === null ? [] : [{ className, index }];
  });
  const { image } = found;
  const lacking = lackOf(found, probabilities.length > 0, rules.given);
  if (image === null || lacking.length > 0)
    throw new UsageError(
      [
        `The log lacks ${lacking.join(' and ')}. Its columns: ${header.join(', ')}.`,
        `Names that are understood:`,
        columnHelp(),
        `Or say which it is, for instance --column image=${header[0] ?? 'NAME'}.`,
      ].join('\n'),
    );
  return { ...found, image, probabilities };
}

const plain = (name: string): string =>
  name
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');

function indexOf(
  field: Field,
  header: readonly string[],
  names: readonly string[],
  own: string | undefined,
): number | null {
  if (own === undefined) {
    const alias = ALIASES[field].find((name) => names.includes(name));
    return alias === undefined ? null : names.indexOf(alias);
  }
  const index = names.indexOf(plain(own));
  if (index >= 0) return index;
  throw new UsageError(
    `--column ${field}=${own}: the log has no such column, but ${header.join(', ')}.`,
  );
}

/** The class whose probability a column holds; null for any other column. */
function classOf(name: string, classes: readonly string[] | null): string | null {
  const bare = name.trim().replace(PROBABILITY, '');
  if (classes === null) return bare === name.trim() ? null : bare;
  return classes.find((known) => known === bare || plain(known) === plain(bare)) ?? null;
}

function lackOf(
  found: Readonly<Record<Field, number | null>>,
  hasProbabilities: boolean,
  given: ColumnRules['given'],
): string[] {
  const lacking: string[] = [];
  if (found.image === null) lacking.push('a column for the image (its file name or id)');
  if (!hasProbabilities && found.class === null) lacking.push('one for the predicted class');
  if (!hasProbabilities && found.confidence === null)
    lacking.push(
      'one for the confidence, or one a class for the probabilities (p_CLASS; or CLASS, with --classes)',
    );
  if (!given.version && found.version === null)
    lacking.push('one for the model version (or --model-version NAME for all rows)');
  if (!given.time && found.time === null)
    lacking.push('one for the time (or --time TIME for all rows)');
  return lacking;
}
