import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { Unit } from '../domain/unit.ts';
import type { LabelledUnit } from './labelled-unit.ts';
import {
  populationOf,
  type PopulationSums,
  randomPopulationOf,
  type ResponseRates,
} from './population-sums.ts';
import { randomPartEstimate } from './random-part.ts';
import { type PointEstimate, tunedDifference } from './tuned-difference.ts';
import { labelledUnit } from './window-responses.ts';

/** Fewer labels give no mean. */
export const LEAST_LABELS = 5;

/** What an estimate rests on, and how it is carried over to all predictions. */
export interface Basis {
  readonly method: AccuracyEstimate['method'];
  /** Selected ones, answered or not. */
  readonly units: readonly Unit[];
  /** Their labels, with the chance of being selected and answered. */
  readonly labelled: readonly LabelledUnit[];
  readonly chance: (unit: Unit) => number;
  readonly estimate: (sample: readonly LabelledUnit[], population: PopulationSums) => PointEstimate;
}

/** All selected ones and the default estimator. */
export const allSelected = (units: readonly Unit[], rates: ResponseRates): Basis => ({
  method: 'tuned_difference',
  units,
  labelled: units.flatMap((unit) => labelledUnit(unit, unit.pi, rates.pi)),
  chance: ({ pi }) => pi,
  estimate: (sample, population) => tunedDifference(sample, populationOf(population)),
});

/** The random part alone. @param units all selected ones */
export function randomPart(units: readonly Unit[], rates: ResponseRates): Basis {
  const random = units.filter(({ isRandom }) => isRandom);
  return {
    method: 'random_part',
    units: random,
    labelled: random.flatMap((unit) => labelledUnit(unit, unit.q, rates.q)),
    chance: ({ q }) => q,
    estimate: (sample, population) => randomPartEstimate(sample, randomPopulationOf(population)),
  };
}

/**
 * The accuracy of all predictions, or of a domain whose counts are known (a class as predicted, a segment).
 * @param sample labelled units of the basis that lie in it
 * @returns null under 5 labels
 */
export const accuracyOf = (
  { estimate }: Pick<Basis, 'estimate'>,
  sample: readonly LabelledUnit[],
  population: PopulationSums,
): PointEstimate | null =>
  sample.length < LEAST_LABELS || population.decided === 0 ? null : estimate(sample, population);
