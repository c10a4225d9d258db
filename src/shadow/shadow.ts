import type { ModelVersion, PredictionId } from '../domain/ids.ts';
import type { Classification, ShadowClassifier } from '../ports/classifier.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { PredictionStore } from '../ports/store/prediction-store.ts';

export interface ShadowOptions {
  readonly classifier: ShadowClassifier;
  readonly store: Pick<PredictionStore, 'recordShadowAnswer'>;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly log: Log;
  /** In [0, 1]: uploads that the model which does not serve answers for real. */
  readonly canaryShare: number;
  /** The number in [0, 1) that says whether a prediction is the canary's; always the same for one id. */
  readonly canaryNumber: (id: PredictionId) => number;
  /** How long a difference counts for the selection, ms. */
  readonly flagHorizonMs: number;
}

/** A recorded prediction, and the model whose answer it is. */
export interface Answered {
  readonly id: PredictionId;
  readonly modelVersion: ModelVersion;
}

/** The second model, as uploads meet it. */
export interface Shadow {
  /** The canary's answer; null: the model in service is to answer. Never rejects. */
  answer(id: PredictionId, image: Buffer): Promise<Classification | null>;
  /** Asks the model that did not answer, in the background: what comes of it is recorded or counted, never thrown. */
  askOther(answered: Answered, image: Buffer): void;
  /** Takes no more, lets what is under way end for a moment, then drops it. */
  stop(): Promise<void>;
}
