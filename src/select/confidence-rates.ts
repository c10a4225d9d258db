import { HISTOGRAM_BINS } from '../domain/population.ts';
import { solveIncreasing } from '../domain/solve-increasing.ts';

/** Share of the rate that does not look at the confidence: it guards against an over-confident model. */
const UNIFORM_SHARE = 0.5;
/** A confidence is never trusted further than this spread. */
const LEAST_SPREAD = 0.2;
const LARGEST_SPREAD = 0.5;

/** The confidence-driven design as a policy keeps it. */
export interface ConfidenceDriven {
  readonly multiplier: number;
  readonly meanS: number;
}

const spreadOf = (confidence: number): number =>
  Math.max(Math.sqrt(confidence * (1 - confidence)), LEAST_SPREAD);

const relativeRate = (spread: number, meanS: number): number =>
  UNIFORM_SHARE + ((1 - UNIFORM_SHARE) * spread) / meanS;

/** Rate of one prediction: min(1, t r), r = 1/2 + 1/2 s / mean(s), s = max(sqrt(c (1 - c)), 0.2). */
export const confidenceRate = (design: ConfidenceDriven, confidence: number): number =>
  Math.min(1, design.multiplier * relativeRate(spreadOf(confidence), design.meanS));

/** The smallest rate that the design can give: its random part. */
export const smallestConfidenceRate = (design: ConfidenceDriven): number =>
  Math.min(1, design.multiplier * relativeRate(LEAST_SPREAD, design.meanS));

/**
 * Solves the multiplier so that the forecast traffic takes the budget.
 * @param budgetLeft tasks
 * @param expected predictions still to come
 * @param histogram HISTOGRAM_BINS counts of recent confidences; all zero where there are none: then the cautious guess
 * that every prediction is as uncertain as can be
 * @see Zrnic & Candes (2024), arXiv 2403.03208; arXiv 2604.18569; docs/statistics.md, "Rates"
 */
export function solveConfidenceDriven(
  budgetLeft: number,
  expected: number,
  histogram: Float64Array,
): ConfidenceDriven {
  const seen = histogram.reduce((sum, count) => sum + count, 0);
  const shares = Array.from(histogram, (count, bin) => ({
    share: seen === 0 ? 0 : count / seen,
    spread: spreadOf((bin + 0.5) / HISTOGRAM_BINS),
  })).filter(({ share }) => share > 0);
  const groups = shares.length === 0 ? [{ share: 1, spread: LARGEST_SPREAD }] : shares;
  const meanS = groups.reduce((sum, { share, spread }) => sum + share * spread, 0);
  const largest = 1 / relativeRate(LEAST_SPREAD, meanS);
  const tasks = (multiplier: number): number =>
    expected *
    groups.reduce(
      (sum, { share, spread }) =>
        sum + share * Math.min(1, multiplier * relativeRate(spread, meanS)),
      0,
    );
  if (expected <= budgetLeft) return { multiplier: largest, meanS };
  return { multiplier: solveIncreasing(tasks, budgetLeft, 0, largest), meanS };
}
