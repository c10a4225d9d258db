import type { Mistake } from '../domain/estimate.ts';
import type { PredictionStore } from '../ports/store/prediction-store.ts';
import type { ImageLinks } from './image-links.ts';
import { confidencePercent } from './percent.ts';

/** A wrong answer with its picture. */
export interface ShownMistake {
  readonly id: string;
  readonly imagePath: string;
  readonly predictedClass: string;
  readonly confidence: string;
  readonly trueClass: string;
}

/** Those whose picture is still there: predictions are deleted where a person asks for it. */
export async function shownMistakes(
  deps: {
    readonly store: Pick<PredictionStore, 'findPrediction'>;
    readonly imageLinks: Pick<ImageLinks, 'pathFor'>;
  },
  mistakes: readonly Mistake[],
  now: number,
): Promise<readonly ShownMistake[]> {
  const kept = await Promise.all(
    mistakes.map(({ predictionId }) => deps.store.findPrediction(predictionId)),
  );
  return mistakes
    .filter((_mistake, index) => kept[index] !== null)
    .map(({ predictionId, predictedClass, confidence, trueClass }) => ({
      id: predictionId,
      imagePath: deps.imageLinks.pathFor(predictionId, now),
      predictedClass,
      confidence: confidencePercent(confidence),
      trueClass,
    }));
}
