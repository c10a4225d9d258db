import type { PredictionId } from './ids.ts';

export const FEEDBACK_KINDS = ['flag', 'correction', 'confirmation'] as const;
export type FeedbackKind = (typeof FEEDBACK_KINDS)[number];

/** What a user said about an answer. A user's correction is evidence, never ground truth. At most one live of each kind per prediction. */
export interface Feedback {
  readonly predictionId: PredictionId;
  readonly kind: FeedbackKind;
  /** For a correction: the class that the user says it is, else null. */
  readonly suggestedClass: string | null;
  /** ms since the epoch. */
  readonly at: number;
}

/**
 * The kind that counts: a correction to the class that the model gave is a confirmation.
 * @param feedback what was said
 * @param predictedClass what the model had answered
 */
export function normaliseFeedback(feedback: Feedback, predictedClass: string): Feedback {
  if (feedback.kind !== 'correction' || feedback.suggestedClass !== predictedClass) return feedback;
  return { ...feedback, kind: 'confirmation', suggestedClass: null };
}

/**
 * Does this feedback dispute the answer, in time to count for the selection?
 * @param feedback normalised feedback
 * @param predictedAt event time of the prediction, ms
 * @param flagHorizonMs how long after the event a flag counts (FLAG_HORIZON_DAYS)
 * @see docs/statistics.md, "Flags that arrive later"
 */
export function disputesInTime(
  feedback: Feedback,
  predictedAt: number,
  flagHorizonMs: number,
): boolean {
  return feedback.kind !== 'confirmation' && feedback.at < predictedAt + flagHorizonMs;
}
