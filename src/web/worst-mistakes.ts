import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { Unit } from '../domain/unit.ts';
import { correctness } from '../domain/unit.ts';
import type { EstimateStore, PredictionStore } from '../ports/store.ts';
import type { ImageLinks } from './image-links.ts';
import { confidencePercent } from './percent.ts';

const SHOWN = 12;

/** A labelled prediction that was wrong. */
export interface Mistake {
  readonly id: string;
  readonly imagePath: string;
  readonly predictedClass: string;
  readonly confidence: string;
  readonly trueClass: string;
}

/** The wrong answers of a window of which the model was surest, surest first; pictures that are still there. */
export async function worstMistakes(
  deps: {
    readonly store: Pick<EstimateStore, 'units'> & Pick<PredictionStore, 'findPrediction'>;
    readonly imageLinks: ImageLinks;
  },
  { modelVersion, from, to }: AccuracyEstimate,
  now: number,
): Promise<readonly Mistake[]> {
  const units = await deps.store.units(modelVersion, from, to, now);
  const wrong = units
    .filter((unit) => correctness(unit) === 0)
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, SHOWN);
  const kept = await Promise.all(
    wrong.map(async ({ predictionId }) => deps.store.findPrediction(predictionId)),
  );
  return wrong
    .filter((_unit, index) => kept[index] !== null)
    .map((unit) => ({
      id: unit.predictionId,
      imagePath: deps.imageLinks.pathFor(unit.predictionId, now),
      predictedClass: unit.predictedClass,
      confidence: confidencePercent(unit.confidence),
      trueClass: trueClassOf(unit),
    }));
}

const trueClassOf = ({ outcome }: Unit): string =>
  outcome.state === 'labelled' ? Object.keys(outcome.shares).join(' or ') : '';
