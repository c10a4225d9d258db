import { binomialCdf, chiSquareUpperTail } from './distributions.ts';
import { logEvalue } from './evalue.ts';
import { hajek } from './hajek.ts';
import { Z95 } from './wilson.ts';

const LEAST_FOR_CHI_SQUARE = 25;

/** A difference of two accuracies, B minus A, with its 95 % interval in [-1, 1]. */
export interface Difference {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly variance: number;
  /** Labelled disagreements behind it. */
  readonly labels: number;
}

/** A labelled prediction on which the two versions answered differently. */
export interface Disagreement {
  /** Right of B minus right of A: -1, 0 or 1, or what vote shares make of it. */
  readonly d: number;
  /** Inclusion probability, in (0, 1]. */
  readonly pi: number;
}

/**
 * Accuracy of B minus that of A on the same traffic, from labels of the disagreements alone: elsewhere the difference is 0.
 * @param sample at least 2 labelled disagreements
 * @param disagreements N_d: how many there are in the traffic @param size N: the traffic
 * @throws RangeError with fewer than two
 * @see docs/statistics.md, "Two versions"
 */
export function differenceOnSameTraffic(
  sample: readonly Disagreement[],
  disagreements: number,
  size: number,
): Difference {
  const share = disagreements / size;
  const { mean, variance } = hajek(sample.map(({ d, pi }) => ({ a: d, pi })));
  return around(share * mean, share ** 2 * variance, sample.length);
}

/** Accuracy of B minus that of A when each saw traffic of its own (a canary, routed at random). */
export const differenceOfEstimates = (
  a: { readonly value: number; readonly variance: number; readonly n: number },
  b: { readonly value: number; readonly variance: number; readonly n: number },
): Difference => around(b.value - a.value, a.variance + b.variance, a.n + b.n);

function around(value: number, variance: number, labels: number): Difference {
  const half = Z95 * Math.sqrt(variance);
  return {
    value,
    lower: Math.max(-1, value - half),
    upper: Math.min(1, value + half),
    variance,
    labels,
  };
}

/** p-values of McNemar's test; the chi-square ones are null with fewer than 25 disagreements in correctness. */
export interface McNemar {
  readonly exactP: number;
  readonly chiSquare: { readonly statistic: number; readonly p: number } | null;
  /** With Edwards' continuity correction. */
  readonly chiSquareCorrected: { readonly statistic: number; readonly p: number } | null;
}

/**
 * Are two versions equally good? For equally weighted labels of the same predictions.
 * @param onlyA where A alone was right @param onlyB where B alone was right
 * @param leastForChiSquare pairs below which the approximation is not given
 * @see McNemar (1947)
 */
export function mcNemar(
  onlyA: number,
  onlyB: number,
  leastForChiSquare: number = LEAST_FOR_CHI_SQUARE,
): McNemar {
  const pairs = onlyA + onlyB;
  const exactP = pairs === 0 ? 1 : Math.min(1, 2 * binomialCdf(Math.min(onlyA, onlyB), pairs, 0.5));
  if (pairs < leastForChiSquare || pairs === 0)
    return { exactP, chiSquare: null, chiSquareCorrected: null };
  const test = (distance: number) => {
    const statistic = distance ** 2 / pairs;
    return { statistic, p: chiSquareUpperTail(statistic, 1) };
  };
  return {
    exactP,
    chiSquare: test(Math.abs(onlyA - onlyB)),
    chiSquareCorrected: test(Math.abs(onlyA - onlyB) - 1),
  };
}

/**
 * Evidence, to be looked at after every label, that B is worse than A: "B right" among pairs where one alone is right,
 * against 1/2. For equally weighted labels only; 20 and more: alarm.
 */
export const worseVersionEvalue = (onlyA: number, onlyB: number): number =>
  Math.exp(logEvalue(onlyB, onlyA, 0.5));
