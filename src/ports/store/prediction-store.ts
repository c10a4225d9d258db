import type { Task } from '../../domain/annotation.ts';
import type { Feedback, FeedbackKind } from '../../domain/feedback.ts';
import type { ObjectKey, PredictionId } from '../../domain/ids.ts';
import type { Prediction, StoredPrediction } from '../../domain/prediction.ts';
import type { ShadowAnswer } from '../../domain/shadow-answer.ts';

export interface PredictionStore {
  /** Stores the prediction and counts it in the population; a known id or externalId changes nothing and answers the earlier id. */
  recordPrediction(
    prediction: Prediction,
  ): Promise<{ readonly outcome: 'recorded' | 'already_recorded'; readonly id: PredictionId }>;
  findPrediction(id: PredictionId): Promise<StoredPrediction | null>;
  /**
   * Stores feedback (replacing an earlier live one of the same kind). One that disputes in time makes the prediction
   * disputed for ever: its unit moves in the population, and if it was decided already it joins the next batch.
   * @param flagHorizonMs see disputesInTime
   * A correction to the model's own class is a confirmation, and takes a live correction back.
   * @returns null when there is no such prediction; else the kind that was counted, and whether none of it was live before
   */
  giveFeedback(
    feedback: Feedback,
    flagHorizonMs: number,
  ): Promise<{ readonly counted: FeedbackKind; readonly isNew: boolean } | null>;
  /** Takes live feedback back (what is shown changes; pi, selection and `isDisputed` never do). False when there was none. */
  revokeFeedback(id: PredictionId, kind: FeedbackKind, at: number): Promise<boolean>;
  /**
   * Stores what the model that did not serve answered, and counts the prediction for the pair of versions. A different
   * class, in time, disputes the prediction just as a flag does (see giveFeedback); the first answer is the one that counts.
   * @param flagHorizonMs see differsInTime
   * @returns `unknown` when there is no such prediction, or none any more
   */
  recordShadowAnswer(
    answer: ShadowAnswer,
    flagHorizonMs: number,
  ): Promise<'recorded' | 'already_recorded' | 'unknown'>;
  /** Live feedback of one prediction. */
  feedbackOf(id: PredictionId): Promise<readonly Feedback[]>;
  /**
   * Deletes what a person asked to have deleted: feedback, probabilities, object key, task, annotations and its place
   * among the mistakes of the latest estimates; an anonymous row stays, so that no estimate moves. The task's deletion goes
   * into the outbox in the same transaction; an entry whose making of the task was begun becomes its deletion, at the
   * entry's time. Those that shared the task keep its verdict; while there is none, one of them gets a new task that the
   * others share.
   * @returns what is still to be removed elsewhere, or null when there is no such prediction
   */
  erasePrediction(
    id: PredictionId,
    at: number,
  ): Promise<{ readonly objectKey: ObjectKey; readonly taskId: number | null } | null>;
  /**
   * Forgets decided, unselected predictions recorded before `before` (population counts keep them), at most `limit`.
   * @returns the object keys that nobody needs any more
   */
  forgetUnselected(before: number, limit: number): Promise<readonly ObjectKey[]>;
  /** Does any prediction refer to this object? (For sweeping orphans.) */
  isObjectReferenced(key: ObjectKey): Promise<boolean>;
  /**
   * Every prediction with event time in [from, to) that is not erased, with what people said of it: streamed in pages, in
   * no particular order, each once. What changes meanwhile comes as it was or as it is.
   */
  recordsBetween(from: number, to: number): AsyncIterable<readonly PredictionRecord[]>;
}

/** A prediction with all that people said of it. */
export interface PredictionRecord {
  readonly prediction: StoredPrediction;
  /** Live feedback, oldest first. */
  readonly feedback: readonly Feedback[];
  /** Null unless it was pushed. */
  readonly task: Task | null;
}
