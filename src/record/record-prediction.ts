import type { ModelVersion, ObjectKey, PredictionId } from '../domain/ids.ts';
import type { Prediction } from '../domain/prediction.ts';
import type { Policy } from '../domain/selection.ts';
import type { Meter } from '../ports/meter.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { PredictionStore } from '../ports/store/prediction-store.ts';
import { ratesFor } from '../select/policy.ts';

/** What a model said, whoever asked it. */
export interface ModelAnswer {
  readonly modelVersion: ModelVersion;
  readonly predictedClass: string;
  /** In [0, 1]. */
  readonly confidence: number;
  readonly probabilities: Readonly<Record<string, number>> | null;
}

/** The image as it is kept. */
export interface KeptImage {
  /** Null: reported without it; it comes once somebody is to label it. */
  readonly jpeg: Buffer | null;
  readonly contentDigest: string;
  readonly objectKey: ObjectKey;
}

/** When, where and by whom an answer was given. */
export interface Occasion {
  readonly id: PredictionId;
  /** Event time, ms. */
  readonly at: number;
  /** Arrival, ms. */
  readonly recordedAt: number;
  readonly segment: string;
  readonly source: Prediction['source'];
  readonly externalId: string | null;
}

export interface RecorderOptions {
  readonly store: Pick<PredictionStore, 'recordPrediction'>;
  readonly objects: Pick<ObjectStore, 'put' | 'delete'>;
  readonly policyInForce: () => Promise<Policy>;
  readonly meter: Meter;
  /** Confidence strictly below it is low. */
  readonly lowConfidenceThreshold: (modelVersion: ModelVersion) => number;
}

export type RecordPrediction = (
  answer: ModelAnswer,
  image: KeptImage,
  occasion: Occasion,
) => Promise<Awaited<ReturnType<PredictionStore['recordPrediction']>>>;

/**
 * Step 3: stores a prediction under the policy in force. The image is durable before the record that speaks of it; what
 * a crash leaves between the two is an image without a record, which is swept.
 */
export function createRecorder(options: RecorderOptions): RecordPrediction {
  return async (answer, image, occasion) => {
    const policy = await options.policyInForce();
    if (image.jpeg !== null) await options.objects.put(image.objectKey, image.jpeg);
    const recorded = await options.store.recordPrediction(
      predictionOf(
        answer,
        image,
        occasion,
        policy,
        options.lowConfidenceThreshold(answer.modelVersion),
      ),
    );
    if (recorded.outcome === 'already_recorded') {
      // The image of an earlier try at the same prediction is its image; one left by a try on another day is swept.
      if (image.jpeg !== null && recorded.id !== occasion.id)
        await options.objects.delete(image.objectKey);
    } else
      options.meter.increment('truthloop_predictions_recorded_total', { source: occasion.source });
    return recorded;
  };
}

function predictionOf(
  answer: ModelAnswer,
  image: KeptImage,
  occasion: Occasion,
  policy: Policy,
  threshold: number,
): Prediction {
  const isLowConfidence = answer.confidence < threshold;
  return {
    ...occasion,
    modelVersion: answer.modelVersion,
    predictedClass: answer.predictedClass,
    confidence: answer.confidence,
    probabilities: answer.probabilities,
    objectKey: image.objectKey,
    contentDigest: image.contentDigest,
    isLowConfidence,
    policyId: policy.id,
    rates: ratesFor(policy, { confidence: answer.confidence, isLowConfidence }),
  };
}
