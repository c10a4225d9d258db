import { sumOver } from './weights.ts';

/** Answers of one task, one per annotator; `null` where an annotator gave none. */
export type Ratings = readonly (string | null)[];

const countsOf = (ratings: Ratings): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const rating of ratings)
    if (rating !== null) counts.set(rating, (counts.get(rating) ?? 0) + 1);
  return counts;
};

/**
 * Krippendorff's alpha for nominal answers; missing ones are allowed.
 * @param items one list of answers per task
 * @returns at most 1; null when no task has two answers or only one class was ever used
 * @see Krippendorff (2011), Computing Krippendorff's Alpha-Reliability
 * @example krippendorffAlpha([['a', 'a'], ['b', 'b']]) // 1
 */
export function krippendorffAlpha(items: readonly Ratings[]): number | null {
  const units = items
    .map(countsOf)
    .map((counts) => ({ counts, size: sumOver([...counts.values()], (count) => count) }))
    .filter(({ size }) => size >= 2);
  const totals = new Map<string, number>();
  let disagreeing = 0;
  for (const { counts, size } of units)
    for (const [name, count] of counts) {
      totals.set(name, (totals.get(name) ?? 0) + count);
      disagreeing += (count * (size - count)) / (size - 1);
    }
  const all = sumOver([...totals.values()], (count) => count);
  const expected = sumOver([...totals.values()], (count) => count * (all - count));
  return expected === 0 ? null : 1 - ((all - 1) * disagreeing) / expected;
}

export interface Kappa {
  readonly kappa: number;
  /** Standard error around the estimate, and under "no agreement beyond chance". */
  readonly se: number;
  readonly seZero: number;
}

/**
 * Cohen's kappa of two annotators who both answered every task, with its large-sample standard errors.
 * @param pairs answers [first, second]
 * @returns null when nothing was answered or chance alone explains all (only one class used)
 * @see Cohen (1960); Fleiss, Cohen & Everitt (1969) for the standard errors
 */
export function cohenKappa(pairs: readonly (readonly [string, string])[]): Kappa | null {
  const n = pairs.length;
  const names = [...new Set(pairs.flat())];
  const share = (matches: (pair: readonly [string, string]) => boolean): number =>
    pairs.filter(matches).length / n;
  const first = new Map(names.map((name) => [name, share(([a]) => a === name)]));
  const second = new Map(names.map((name) => [name, share(([, b]) => b === name)]));
  const of = (shares: ReadonlyMap<string, number>, name: string): number => shares.get(name) ?? 0;
  const observed = share(([a, b]) => a === b);
  const chance = sumOver(names, (name) => of(first, name) * of(second, name));
  if (n === 0 || chance === 1) return null;
  const kappa = (observed - chance) / (1 - chance);
  const diagonal = sumOver(names, (name) => {
    const agreed = share(([a, b]) => a === name && b === name);
    return agreed * (1 - (of(first, name) + of(second, name)) * (1 - kappa)) ** 2;
  });
  const crossed = (of2: (a: string, b: string) => number): number =>
    sumOver(names, (a) => sumOver(names, (b) => of2(a, b)));
  const rest = crossed((a, b) =>
    a === b
      ? 0
      : share((pair) => pair[0] === a && pair[1] === b) * (of(first, b) + of(second, a)) ** 2,
  );
  const variance =
    (diagonal + (1 - kappa) ** 2 * rest - (kappa - chance * (1 - kappa)) ** 2) /
    (n * (1 - chance) ** 2);
  const marginal = sumOver(names, (name) => {
    const [a, b] = [of(first, name), of(second, name)];
    return a * b * (a + b);
  });
  const varianceZero = (chance + chance ** 2 - marginal) / (n * (1 - chance) ** 2);
  return { kappa, se: Math.sqrt(Math.max(0, variance)), seZero: Math.sqrt(varianceZero) };
}

/**
 * Fleiss' kappa: agreement beyond chance when every task has equally many answers.
 * @param counts per task, answers per class; each row sums to the same number, at least 2
 * @returns null when only one class was ever used
 * @throws RangeError when rows sum to different numbers, or to less than 2
 * @see Fleiss (1971)
 */
export function fleissKappa(counts: readonly (readonly number[])[]): number | null {
  const raters = sumOver(counts[0] ?? [], (count) => count);
  if (raters < 2 || counts.some((row) => sumOver(row, (count) => count) !== raters))
    throw new RangeError(
      'Fleiss needs the same number of answers, at least 2, for every task; use krippendorffAlpha otherwise.',
    );
  const all = counts.length * raters;
  const observed =
    sumOver(counts, (row) => sumOver(row, (count) => count * (count - 1))) / (all * (raters - 1));
  const classes = counts[0]?.map((_, k) => sumOver(counts, (row) => row[k] ?? 0) / all) ?? [];
  const chance = sumOver(classes, (share) => share ** 2);
  return chance === 1 ? null : (observed - chance) / (1 - chance);
}
