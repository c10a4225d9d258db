import { chiSquareQuantile, chiSquareUpperTail } from './distributions.ts';
import { sumOver } from './weights.ts';

const LEAST_EXPECTED = 5;

/** A drift signal; `p` = chance of so large a statistic when nothing changed. */
export interface DriftTest {
  readonly statistic: number;
  readonly p: number;
  readonly referenceSize: number;
  readonly currentSize: number;
}

/**
 * Two-sample Kolmogorov-Smirnov test on any numbers, with the limiting p-value.
 * @throws RangeError when a side is empty
 * @see Smirnov (1948)
 */
export function kolmogorovSmirnov(
  reference: readonly number[],
  current: readonly number[],
): DriftTest {
  const [n, m] = [reference.length, current.length];
  if (n === 0 || m === 0) throw new RangeError('Both sides need at least one value.');
  const x = Float64Array.from(reference).sort();
  const y = Float64Array.from(current).sort();
  let [i, j, statistic] = [0, 0, 0];
  while (i < n && j < m) {
    const value = Math.min(x[i] ?? Infinity, y[j] ?? Infinity);
    while (i < n && (x[i] ?? Infinity) <= value) i += 1;
    while (j < m && (y[j] ?? Infinity) <= value) j += 1;
    statistic = Math.max(statistic, Math.abs(i / n - j / m));
  }
  const p = kolmogorovUpperTail(Math.sqrt((n * m) / (n + m)) * statistic);
  return { statistic, p, referenceSize: n, currentSize: m };
}

/** The same from counts of one histogram, as population days keep them. */
export function kolmogorovSmirnovOfCounts(
  reference: Float64Array,
  current: Float64Array,
): DriftTest | null {
  const n = reference.reduce((sum, value) => sum + value, 0);
  const m = current.reduce((sum, value) => sum + value, 0);
  if (n === 0 || m === 0) return null;
  let [below, under, statistic] = [0, 0, 0];
  reference.forEach((value, bin) => {
    below += value / n;
    under += (current[bin] ?? 0) / m;
    statistic = Math.max(statistic, Math.abs(below - under));
  });
  const p = kolmogorovUpperTail(Math.sqrt((n * m) / (n + m)) * statistic);
  return { statistic, p, referenceSize: n, currentSize: m };
}

/** P(K > x) of the Kolmogorov distribution; 1 for x < 0.2, where the series says nothing else. */
export function kolmogorovUpperTail(x: number): number {
  if (x < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k += 1) sum += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return Math.min(1, Math.max(0, sum));
}

const totalOf = (counts: readonly number[]): number => sumOver(counts, (count) => count);

/**
 * Chi-square test of two count vectors over the same classes, no continuity correction.
 * @returns df = classes with any count, less 1; null with fewer than two such classes or an empty side
 */
export function chiSquareTest(
  reference: readonly number[],
  current: readonly number[],
): (DriftTest & { readonly df: number }) | null {
  const [n, m] = [totalOf(reference), totalOf(current)];
  const pairs = reference
    .map((count, k): readonly [number, number] => [count, current[k] ?? 0])
    .filter(([a, b]) => a + b > 0);
  if (pairs.length < 2 || n === 0 || m === 0) return null;
  const statistic = sumOver(pairs, ([a, b]) => {
    const [expectedA, expectedB] = [((a + b) * n) / (n + m), ((a + b) * m) / (n + m)];
    return (a - expectedA) ** 2 / expectedA + (b - expectedB) ** 2 / expectedB;
  });
  const df = pairs.length - 1;
  return { statistic, df, p: chiSquareUpperTail(statistic, df), referenceSize: n, currentSize: m };
}

/** Joins the classes whose expected count is below 5 on either side into one, so that the chi-square limit holds. */
export function mergeRareClasses(
  reference: readonly number[],
  current: readonly number[],
): { readonly reference: readonly number[]; readonly current: readonly number[] } {
  const [n, m] = [totalOf(reference), totalOf(current)];
  const isRare = (_: number, k: number): boolean => {
    const both = (reference[k] ?? 0) + (current[k] ?? 0);
    return (both * Math.min(n, m)) / (n + m) < LEAST_EXPECTED;
  };
  const merge = (counts: readonly number[]): readonly number[] => [
    ...counts.filter((count, k) => !isRare(count, k)),
    totalOf(counts.filter(isRare)),
  ];
  return { reference: merge(reference), current: merge(current) };
}

/**
 * Population stability index of two count vectors over K classes. Where a cell is empty, all counts are smoothed by 1/2.
 * @see Yurdakul & Naranjo (2020)
 */
export function populationStabilityIndex(
  reference: readonly number[],
  current: readonly number[],
): number {
  const hasEmpty = [...reference, ...current].includes(0);
  const shares = (counts: readonly number[]): readonly number[] => {
    const smoothing = hasEmpty ? 0.5 : 0;
    const total = totalOf(counts) + smoothing * counts.length;
    return counts.map((count) => (count + smoothing) / total);
  };
  const [p, q] = [shares(reference), shares(current)];
  return totalOf(p.map((share, k) => ((q[k] ?? 0) - share) * Math.log((q[k] ?? 0) / share)));
}

/** The index that chance alone exceeds in 5 % of comparisons: (1/n + 1/m) times a chi-square quantile. */
export const stabilityThreshold = (n: number, m: number, classes: number): number =>
  (1 / n + 1 / m) * chiSquareQuantile(0.95, classes - 1);

/**
 * Which of several p-values may be called signals when a share of false ones of `level` is accepted.
 * @returns one boolean per p-value, in their order
 * @see Benjamini & Hochberg (1995)
 */
export function benjaminiHochberg(pValues: readonly number[], level = 0.05): readonly boolean[] {
  const ordered = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const last = ordered.findLastIndex(({ p }, rank) => p <= ((rank + 1) / pValues.length) * level);
  const signals = new Set(ordered.slice(0, last + 1).map(({ index }) => index));
  return pValues.map((_, index) => signals.has(index));
}
