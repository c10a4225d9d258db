import { normalQuantile } from './distributions.ts';
import { sumOver } from './weights.ts';

const LEAST_SPREAD = 0.2;
const LEAST_PER_STRATUM = 5;

/** A way to spend the budget: its variance relative to labelling at random without any correction. */
export interface Allocation {
  readonly name: string;
  /** Variance relative to simple random sampling with the plain mean; measured, see docs/statistics.md. */
  readonly relativeVariance: number;
}

/** Measured with 500 labels on the simulated stream of docs/statistics.md. */
export const ALLOCATIONS: readonly Allocation[] = [
  { name: 'random, plain mean', relativeVariance: 1 },
  { name: 'random, default estimator', relativeVariance: 0.74 },
  { name: 'shares 60/20/20, default estimator', relativeVariance: 0.74 },
  { name: 'shares 40/30/30, default estimator', relativeVariance: 1.04 },
  { name: 'by confidence (DESIGN=confidence), default estimator', relativeVariance: 0.63 },
  { name: 'Neyman allocation, post-stratified', relativeVariance: 0.62 },
];

/**
 * Labels that a plain random sample needs for an interval of the given half width, by the normal approximation.
 * @param accuracy expected, in (0, 1) @param halfWidth e.g. 0.02 for plus or minus 2 points
 * @param level of the interval, e.g. 0.95
 * @returns not rounded
 * @see Cochran (1977), section 4.4
 * @example labelsForRandomSample(0.82, 0.02) // 1417.5
 */
export function labelsForRandomSample(accuracy: number, halfWidth: number, level = 0.95): number {
  const z = normalQuantile(1 - (1 - level) / 2);
  return (z ** 2 * accuracy * (1 - accuracy)) / halfWidth ** 2;
}

/**
 * Labels for a half width, by allocation and with a finite number of predictions.
 * @param input.predictions N, traffic over the time that the estimate speaks of; Infinity for an endless stream
 * @returns whole labels
 */
export function labelsNeeded(input: {
  readonly accuracy: number;
  readonly halfWidth: number;
  readonly relativeVariance: number;
  readonly predictions: number;
  readonly level?: number;
}): number {
  const { accuracy, halfWidth, relativeVariance, predictions, level } = input;
  const endless = relativeVariance * labelsForRandomSample(accuracy, halfWidth, level);
  return Math.ceil(endless / (1 + endless / predictions));
}

/** Half width to expect from so many labels: the same, solved for it. */
export function halfWidthOf(input: {
  readonly accuracy: number;
  readonly labels: number;
  readonly relativeVariance: number;
  readonly predictions: number;
}): number {
  const { accuracy, labels, relativeVariance, predictions } = input;
  if (labels >= predictions) return 0;
  const endless = labels / (1 - labels / predictions);
  return Math.sqrt((relativeVariance * labelsForRandomSample(accuracy, 1)) / endless);
}

/** A stratum as Neyman's rule sees it. */
export interface NeymanStratum {
  readonly size: number;
  /** Standard deviation of correctness inside, in [0, 0.5]. */
  readonly spread: number;
}

/** sqrt(A (1 - A)), never below 0.2: a past accuracy of 1 is not to be trusted. */
export const spreadOfAccuracy = (accuracy: number): number =>
  Math.max(Math.sqrt(accuracy * (1 - accuracy)), LEAST_SPREAD);

/** n_h = n N_h S_h / sum N S, as fractions and without bounds. @see Cochran (1977), eq. 5.26 */
export function neymanShares(strata: readonly NeymanStratum[], labels: number): readonly number[] {
  const total = sumOver(strata, ({ size, spread }) => size * spread);
  return strata.map(({ size, spread }) => (total === 0 ? 0 : (labels * size * spread) / total));
}

/** Variance of the stratified mean, without finite population correction. */
export function stratifiedVariance(
  strata: readonly NeymanStratum[],
  allocation: readonly number[],
): number {
  const total = sumOver(strata, ({ size }) => size);
  return sumOver(
    strata.map(({ size, spread }, h) => ((size / total) * spread) ** 2 / (allocation[h] ?? 1)),
    (term) => term,
  );
}

/**
 * Neyman's allocation within bounds: at least 5 labels (or all) in each stratum that has predictions, never more than it has;
 * what a bound takes or leaves is divided again among the rest.
 * @returns fractions that sum to min(labels, all predictions), unless the least already takes more
 */
export function neymanAllocation(
  strata: readonly NeymanStratum[],
  labels: number,
): readonly number[] {
  const fixed = new Map<number, number>();
  for (;;) {
    const free = strata.map((stratum, h) => ({ stratum, h })).filter(({ h }) => !fixed.has(h));
    const left = Math.max(0, labels - sumOver([...fixed.values()], (value) => value));
    const wanted = neymanShares(
      free.map(({ stratum }) => stratum),
      left,
    );
    const bounded = free.map(({ stratum, h }, index) => {
      const share = wanted[index] ?? 0;
      const least = Math.min(LEAST_PER_STRATUM, stratum.size);
      return { h, share, within: Math.min(stratum.size, Math.max(least, share)) };
    });
    const least = bounded.filter(({ share, within }) => within > share);
    const out = least.length > 0 ? least : bounded.filter(({ share, within }) => within < share);
    if (out.length === 0) {
      for (const { h, share } of bounded) fixed.set(h, share);
      return strata.map((_, h) => fixed.get(h) ?? 0);
    }
    for (const { h, within } of out) fixed.set(h, within);
  }
}
