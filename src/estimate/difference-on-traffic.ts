import type { PairCounts } from '../domain/shadow-answer.ts';
import { type Difference, differenceOnSameTraffic, type Disagreement } from './compare-versions.ts';
import { sumOver } from './weights.ts';
import { Z95 } from './wilson.ts';

const LEAST_LABELS = 5;

/**
 * Accuracy of B minus that of A on traffic like the window's, from labels of the disagreements alone.
 * Two things make it uncertain: which disagreements were labelled (differenceOnSameTraffic), and which predictions happened
 * to come. So few disagreements, all of them labelled, leave an interval, and so does a window in which the two never differ.
 * To the first part two labels are added in thought, one for either version, to the second half a prediction to each of the
 * four outcomes: labels that all say the same must not give an interval of no width.
 * @param sample labelled disagreements; what it needs is 5 of them, or all there are
 * @param counts of the window: all that both answered, and all on which they differ
 * @returns null with too few labels, or where both answered nothing
 * @see Agresti & Min (2005), Statistics in Medicine 24, 729-740; docs/statistics.md, "Two versions"
 */
export function differenceOnTraffic(
  sample: readonly Disagreement[],
  { answered, differ }: PairCounts,
): Difference | null {
  const isEnough = sample.length >= Math.min(LEAST_LABELS, differ);
  if (answered === 0 || !isEnough) return null;
  const weight = sumOver(sample, ({ pi }) => 1 / pi);
  const shareOf = (of: (d: number) => number): number =>
    differ === 0 ? 0 : ((differ / answered) * sumOver(sample, ({ d, pi }) => of(d) / pi)) / weight;
  const [onlyB, onlyA] = [shareOf((d) => Math.max(0, d)), shareOf((d) => Math.max(0, -d))];
  const value = onlyB - onlyA;
  const selected = differenceOnSameTraffic(withOneForEach(sample, weight), differ, answered);
  const variance = selected.variance + trafficVariance(onlyB, onlyA, answered);
  const half = Z95 * Math.sqrt(variance);
  return {
    value,
    lower: Math.max(-1, Math.min(value, selected.value - half)),
    upper: Math.min(1, Math.max(value, selected.value + half)),
    variance,
    labels: sample.length,
  };
}

/** Of the weight that the labels have on average. */
function withOneForEach(sample: readonly Disagreement[], weight: number): readonly Disagreement[] {
  const pi = sample.length === 0 ? 1 : sample.length / weight;
  return [...sample, { d: 1, pi }, { d: -1, pi }];
}

/** Of the mean of d over `answered` predictions that came by chance. */
function trafficVariance(onlyB: number, onlyA: number, answered: number): number {
  const [plus, minus] = [onlyB, onlyA].map(
    (share) => (share * answered + 0.5) / (answered + 2),
  ) as [number, number];
  return (plus + minus - (plus - minus) ** 2) / (answered + 2);
}
