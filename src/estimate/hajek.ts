import { type Observation, sumOver } from './weights.ts';

export interface MeanAndVariance {
  readonly mean: number;
  readonly variance: number;
}

/**
 * Horvitz-Thompson mean: unbiased, but it also carries the noise of how many were drawn; for tests and comparison.
 * @param size N, all predictions of the window
 * @see Horvitz & Thompson (1952)
 */
export function horvitzThompson(
  sample: readonly Pick<Observation, 'a' | 'pi'>[],
  size: number,
): MeanAndVariance {
  return {
    mean: sumOver(sample, ({ a, pi }) => a / pi) / size,
    variance: sumOver(sample, ({ a, pi }) => (1 - pi) * (a / pi) ** 2) / size ** 2,
  };
}

/**
 * Hajek mean: weighted mean with w = 1 / pi.
 * @param sample at least two units
 * @returns the variance of Poisson sampling, linearised
 * @throws RangeError with fewer than two units: a variance would be invented
 * @see Hajek (1971); Sarndal, Swensson & Wretman (1992), sections 3.5 and 5.7
 * @example hajek([{ a: 1, pi: 0.5 }, { a: 0, pi: 1 }]).mean // 2/3
 */
export function hajek(sample: readonly Pick<Observation, 'a' | 'pi'>[]): MeanAndVariance {
  const n = sample.length;
  if (n < 2) throw new RangeError(`A variance needs at least 2 labelled units, got ${n}.`);
  const total = sumOver(sample, ({ pi }) => 1 / pi);
  const mean = sumOver(sample, ({ a, pi }) => a / pi) / total;
  const squares = sumOver(sample, ({ a, pi }) => ((1 - pi) * (a - mean) ** 2) / pi ** 2);
  return { mean, variance: ((n / (n - 1)) * squares) / total ** 2 };
}
