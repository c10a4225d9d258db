import type { Mistake } from '../domain/estimate.ts';
import { correctness, type Unit } from '../domain/unit.ts';

const KEPT = 12;

/** The wrong answers of which the model was surest, surest first: what a person looks at first. */
export const worstMistakes = (units: readonly Unit[]): readonly Mistake[] =>
  units
    .filter((unit) => correctness(unit) === 0)
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, KEPT)
    .map((unit) => ({
      predictionId: unit.predictionId,
      predictedClass: unit.predictedClass,
      confidence: unit.confidence,
      trueClass: trueClassOf(unit),
    }));

const trueClassOf = ({ outcome }: Unit): string =>
  outcome.state === 'labelled' ? Object.keys(outcome.shares).join(' or ') : '';
