import type { PredictionId } from './ids.ts';

/**
 * What people's annotations say about a selected prediction, as the estimators see it.
 * `labelled.shares`: class (or NONE_OF_THESE) -> share, sums to 1: one entry of 1 for an agreed verdict, the vote shares of
 * a tie that nobody broke in time. `skipped` includes what can't be used. `deleted`: the task is gone, its label with it.
 */
export type UnitOutcome =
  | { readonly state: 'labelled'; readonly shares: Readonly<Record<string, number>> }
  | { readonly state: 'skipped' }
  | { readonly state: 'open' }
  | { readonly state: 'deleted' };

/** One selected prediction with its design and its outcome. Estimates read these and the population counts, nothing else. */
export interface Unit {
  readonly predictionId: PredictionId;
  /** Event time, ms. */
  readonly at: number;
  readonly segment: string;
  readonly predictedClass: string;
  /** Confidence of the predicted class, in [0, 1]. */
  readonly confidence: number;
  readonly probabilities: Readonly<Record<string, number>> | null;
  readonly isLowConfidence: boolean;
  readonly isDisputed: boolean;
  /** Final inclusion probability, in (0, 1]. */
  readonly pi: number;
  /** Final inclusion probability of the random strategy, in (0, pi]. */
  readonly q: number;
  /** u < q: belongs to the random part. */
  readonly isRandom: boolean;
  /** A flag or a correction to another class is live now (taken back ones are not). */
  readonly hasFlag: boolean;
  /** The live correction's class, or null. */
  readonly correction: string | null;
  readonly outcome: UnitOutcome;
  /** Every usable answer, for agreement between annotators: class or NONE_OF_THESE. */
  readonly answers: readonly { readonly annotator: string; readonly answer: string }[];
}

/** Probability that the model was right about a labelled unit: 1 or 0, or a vote share. */
export function correctness(unit: Unit): number | null {
  return unit.outcome.state === 'labelled' ? (unit.outcome.shares[unit.predictedClass] ?? 0) : null;
}
