import { NotFound, RequestInvalid } from '../domain/errors.ts';
import type { FeedbackKind } from '../domain/feedback.ts';
import type { PredictionId } from '../domain/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Meter } from '../ports/meter.ts';
import type { PredictionStore } from '../ports/store/prediction-store.ts';

export interface FeedbackOptions {
  readonly store: Pick<PredictionStore, 'giveFeedback' | 'revokeFeedback' | 'findPrediction'>;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly classes: readonly string[];
  readonly flagHorizonMs: number;
}

/** A user's word on an answer, and taking it back; both may be repeated. */
export interface FeedbackDesk {
  /**
   * @param suggestedClass for a correction the class that the user says it is, else null
   * @returns the kind that was counted: a correction to the class that the model gave is a confirmation
   * @throws NotFound, RequestInvalid (unknown class)
   */
  give(
    id: PredictionId,
    kind: FeedbackKind,
    suggestedClass: string | null,
  ): Promise<{ readonly counted: FeedbackKind }>;
  /** @throws NotFound when there is no such prediction; nothing to take back is no error */
  revoke(id: PredictionId, kind: FeedbackKind): Promise<{ readonly wasRevoked: boolean }>;
}

/** Later half of step 3: what users say about answers. */
export function createFeedbackDesk(options: FeedbackOptions): FeedbackDesk {
  return {
    give: async (id, kind, suggestedClass) => {
      if (kind === 'correction') checkClass(suggestedClass, options.classes);
      const feedback = { predictionId: id, kind, suggestedClass, at: options.clock.now() };
      const given = await options.store.giveFeedback(feedback, options.flagHorizonMs);
      if (given === null) throw noSuchPrediction(id);
      if (given.isNew) options.meter.increment('truthloop_feedback_total', { kind: given.counted });
      return { counted: given.counted };
    },
    revoke: async (id, kind) => {
      const wasRevoked = await options.store.revokeFeedback(id, kind, options.clock.now());
      if (!wasRevoked && (await options.store.findPrediction(id)) === null)
        throw noSuchPrediction(id);
      return { wasRevoked };
    },
  };
}

function checkClass(suggestedClass: string | null, classes: readonly string[]): void {
  if (suggestedClass !== null && classes.includes(suggestedClass)) return;
  throw new RequestInvalid(
    `corrected_class is ${suggestedClass === null ? 'missing' : `"${suggestedClass}"`}: expected one of ${classes.join(', ')}.`,
  );
}

const noSuchPrediction = (id: PredictionId): NotFound =>
  new NotFound(`There is no prediction ${id}: it was never recorded here, or has been deleted.`);
