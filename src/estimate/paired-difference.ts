import type { Difference } from './compare-versions.ts';
import { kishSize, sumOver } from './weights.ts';
import { Z95 } from './wilson.ts';

/** z of the power of 80 % with which a difference shall be told. */
const Z80 = 0.8416212335729143;

/** A labelled prediction that both models answered. */
export interface Pair {
  /** Correctness of model A (the one in service), 1 or 0, or a vote share. */
  readonly a: number;
  /** Of model B (the candidate). */
  readonly b: number;
  /** Inclusion probability, in (0, 1]. */
  readonly pi: number;
}

export interface PairedDifference extends Difference {
  /** Weighted share of predictions that B alone has right, and that A alone has right. */
  readonly onlyB: number;
  readonly onlyA: number;
}

/**
 * Accuracy of B minus that of A on the same labelled predictions, for the traffic to come that is like them: a census of the
 * past still leaves an interval. Half a label is added to each of the four outcomes, so that few labels, and pairs that never
 * differ, get an honest width; unequal weights count by the effective size.
 * @param pairs at least 2
 * @throws RangeError with fewer
 * @see Agresti & Min (2005), Statistics in Medicine 24, 729-740; Kish (1965)
 */
export function pairedDifference(pairs: readonly Pair[]): PairedDifference {
  if (pairs.length < 2) throw new RangeError(`A difference needs 2 labels, got ${pairs.length}.`);
  const total = sumOver(pairs, ({ pi }) => 1 / pi);
  const share = (of: (pair: Pair) => number): number =>
    sumOver(pairs, (pair) => of(pair) / pair.pi) / total;
  const onlyB = share(({ a, b }) => Math.max(0, b - a));
  const onlyA = share(({ a, b }) => Math.max(0, a - b));
  const value = onlyB - onlyA;
  const n = effectivePairs(pairs, value, onlyA + onlyB - value ** 2);
  const [plus, minus] = [onlyB, onlyA].map((part) => (n * part + 0.5) / (n + 2)) as [
    number,
    number,
  ];
  const centre = plus - minus;
  const variance = (plus + minus - centre ** 2) / (n + 2);
  const half = Z95 * Math.sqrt(variance);
  return {
    value,
    lower: Math.max(-1, Math.min(value, centre - half)),
    upper: Math.min(1, Math.max(value, centre + half)),
    variance,
    labels: pairs.length,
    onlyB,
    onlyA,
  };
}

/** Labels of equal weight that would say as much; never more than the weights alone allow. */
function effectivePairs(pairs: readonly Pair[], mean: number, spread: number): number {
  const kish = kishSize(pairs);
  const total = sumOver(pairs, ({ pi }) => 1 / pi);
  const variance = sumOver(pairs, ({ a, b, pi }) => ((b - a - mean) / pi) ** 2) / total ** 2;
  return variance > 0 && spread > 0 ? Math.min(kish, spread / variance) : kish;
}

export type ModelVerdict = 'better' | 'worse' | "can't tell yet";

/** What the interval says: it leaves 0 out on one side, or it does not. */
export function verdictOn({ lower, upper }: Pick<Difference, 'lower' | 'upper'>): ModelVerdict {
  if (lower > 0) return 'better';
  return upper < 0 ? 'worse' : "can't tell yet";
}

/**
 * Labels, such as those that there are, that would tell a true difference from 0 with a chance of 80 %.
 * @param size the true difference, in (0, 1]
 */
export function labelsToTell(
  difference: Pick<Difference, 'variance' | 'labels'>,
  size: number,
): number {
  return Math.ceil(difference.labels * difference.variance * ((Z95 + Z80) / size) ** 2);
}
