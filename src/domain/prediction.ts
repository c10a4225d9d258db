import type { ModelVersion, ObjectKey, PredictionId } from './ids.ts';
import type { ShadowAnswer } from './shadow-answer.ts';

/** The choice in every project that says: a photo of no class at all. Wrong whatever the model said. */
export const NONE_OF_THESE = 'None of these';

/**
 * The rates that the policy in force gave this prediction when it was recorded, each in [0, 1].
 * `lowConfidence` is 0 when the prediction is not low-confidence; `disputed` is kept for a flag that may still come.
 * @see docs/statistics.md, "Rates"
 */
export interface Rates {
  readonly random: number;
  readonly lowConfidence: number;
  readonly disputed: number;
  readonly spare: number;
}

/** One recorded answer of a model to one image. Immutable. */
export interface Prediction {
  readonly id: PredictionId;
  /** Event time, ms since the epoch (UTC). It decides the window. */
  readonly at: number;
  /** Arrival, ms since the epoch. It decides policy, batch and budget; equals `at` but for reported predictions. */
  readonly recordedAt: number;
  readonly modelVersion: ModelVersion;
  readonly predictedClass: string;
  /** Probability of the predicted class, in [0, 1]. */
  readonly confidence: number;
  /** Class -> probability; null when the answering service gave only class and confidence. */
  readonly probabilities: Readonly<Record<string, number>> | null;
  /** One of the configured segments, or '' where there are none. */
  readonly segment: string;
  readonly objectKey: ObjectKey;
  /** SHA-256 (hex) of the stored bytes; '' where the prediction was reported without its image. */
  readonly contentDigest: string;
  /** Confidence strictly below the threshold that was in force. */
  readonly isLowConfidence: boolean;
  readonly policyId: string;
  readonly rates: Rates;
  readonly source: 'web' | 'reported';
  /** The reporting service's own id (the same twice is one prediction); null for uploads. */
  readonly externalId: string | null;
}

/** What the design decided about a prediction, once, when its batch was selected (a late dispute may raise pi and q's reasons once). */
export interface Decision {
  readonly batchId: string;
  readonly decidedAt: number;
  /** Final inclusion probability, in (0, 1]. Never recomputed from today's settings. */
  readonly pi: number;
  /** Final inclusion probability of the random strategy alone, in (0, pi]. */
  readonly q: number;
  /** True when the permanent random number is below pi: the prediction becomes a task. */
  readonly isSelected: boolean;
  /** True when the permanent random number is below q: the unit belongs to the random part. */
  readonly isRandom: boolean;
}

/** A prediction with all that happened to it since. */
export interface StoredPrediction extends Prediction {
  /** A flag, a correction to another class or another model's different answer came before the freeze; never taken back. */
  readonly isDisputed: boolean;
  /** What the model that did not serve answered; null where it was not asked, or not yet. */
  readonly shadowAnswer: Omit<ShadowAnswer, 'id'> | null;
  /** Null until its batch is selected. */
  readonly decision: Decision | null;
}
