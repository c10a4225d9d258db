import type { ModelVersion, PredictionId } from './ids.ts';

/** What the model that did not serve says of the same photo. At most one per prediction; immutable. */
export interface ShadowAnswer {
  readonly id: PredictionId;
  /** Of the model that did not serve. */
  readonly modelVersion: ModelVersion;
  readonly predictedClass: string;
  /** Probability of its predicted class, in [0, 1]. */
  readonly confidence: number;
  /** When it answered, ms since the epoch. */
  readonly at: number;
}

/** Who answered what users saw, and who answered beside. */
export interface VersionPair {
  readonly served: ModelVersion;
  readonly other: ModelVersion;
}

/** Predictions that both versions of a pair answered, and those on which they named different classes. */
export interface PairCounts {
  readonly answered: number;
  readonly differ: number;
}

/**
 * Does the other model's answer dispute the one that was given, in time to count for the selection?
 * @param predicted the served answer and its event time, ms
 * @param flagHorizonMs as for a flag: how long after the event it counts (FLAG_HORIZON_DAYS)
 * @see docs/statistics.md, "Two versions"
 */
export const differsInTime = (
  answer: Pick<ShadowAnswer, 'predictedClass' | 'at'>,
  predicted: { readonly predictedClass: string; readonly at: number },
  flagHorizonMs: number,
): boolean =>
  answer.predictedClass !== predicted.predictedClass && answer.at < predicted.at + flagHorizonMs;
