import { hajek } from './hajek.ts';
import type { Population } from './population-spread.ts';
import { modelVariance, type PointEstimate, withInterval } from './tuned-difference.ts';
import type { Observation } from './weights.ts';

/**
 * The random part alone, weighted by its own rates: a cross-check that does not look at the confidence.
 * @param sample labelled units below q, with pi = q (adjusted for answers that did not come); at least 2
 * @param population spread cells hold sums of (1/q - 1)
 * @throws RangeError with fewer than two units
 * @see docs/statistics.md, "The random part"
 */
export function randomPartEstimate(
  sample: readonly Pick<Observation, 'a' | 'pi'>[],
  population: Population,
): PointEstimate {
  const n = sample.length;
  const { mean, variance: varSample } = hajek(sample);
  const expected = (n * mean + 1) / (n + 2);
  const varModel = modelVariance(population, () => expected);
  return {
    raw: mean,
    lambda: 0,
    ...withInterval(sample, population, { raw: mean, varSample, varModel }),
  };
}
