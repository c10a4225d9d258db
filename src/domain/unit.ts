import { type Annotation, latestPerAnnotator, type Verdict } from './annotation.ts';
import type { ModelVersion, PredictionId } from './ids.ts';
import { NONE_OF_THESE } from './prediction.ts';

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
  /** Each annotator's usable answer, for the agreement between them: class or NONE_OF_THESE. */
  readonly answers: readonly { readonly annotator: string; readonly answer: string }[];
}

/** A selected prediction on which another model named a different class. */
export interface DifferingUnit extends Unit {
  readonly otherClass: string;
}

/** Where a label changed: the windows of this model version that contain this event time (ms). */
export interface LabelChange {
  readonly modelVersion: ModelVersion;
  readonly at: number;
}

/** Probability that the model was right about a labelled unit: 1 or 0, or a vote share. */
export const correctness = (unit: Unit): number | null => shareOf(unit, unit.predictedClass);

/** The same of a class that another model named. */
export function shareOf({ outcome }: Unit, className: string): number | null {
  return outcome.state === 'labelled' ? (outcome.shares[className] ?? 0) : null;
}

/**
 * What became of a selected prediction, as its records stand.
 * @param unit verdict; ms when its task was found gone, else null; whether a person had it erased (its verdict stays)
 * @param tiesBefore ms: a tie older than this counts by its vote shares, a younger one is open
 */
export function outcomeOf(
  unit: {
    readonly verdict: Verdict;
    readonly deletedAt: number | null;
    readonly isErased: boolean;
  },
  tiesBefore: number,
): UnitOutcome {
  const { verdict } = unit;
  if (unit.deletedAt !== null) return { state: 'deleted' };
  switch (verdict.kind) {
    case 'pending':
      return unit.isErased ? { state: 'deleted' } : { state: 'open' };
    case 'agreed':
      return { state: 'labelled', shares: { [verdict.trueClass]: 1 } };
    case 'disagreed':
      return verdict.since < tiesBefore || unit.isErased
        ? { state: 'labelled', shares: verdict.shares }
        : { state: 'open' };
    case 'skipped':
    case 'unusable':
      return { state: 'skipped' };
  }
}

/**
 * Of each annotator the latest answer, where it names a class or none of them; skipped and unreadable ones are left out.
 * Who answers twice is one person still, and agrees with nobody.
 */
export function usableAnswers(annotations: readonly Annotation[]): Unit['answers'] {
  return latestPerAnnotator(annotations).flatMap(({ annotator, answer }) => {
    if (answer.kind === 'class') return [{ annotator, answer: answer.trueClass }];
    return answer.kind === 'none_of_these' ? [{ annotator, answer: NONE_OF_THESE }] : [];
  });
}
