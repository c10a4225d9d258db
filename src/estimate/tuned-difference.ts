import type { Population } from './population-spread.ts';
import { kishSize, type Observation, sumOver } from './weights.ts';
import { type Bounds, effectiveSize, wilson } from './wilson.ts';

/** Weight, in labels, of the model-based variance in the blend. */
const BLEND_LABELS = 100;
const LEAST_SPREAD = 1e-12;

/** A mean of labelled units carried over to their population, with its 95 % interval. */
export interface PointEstimate {
  /** Labelled units. */
  readonly n: number;
  /** Before clipping to [0, 1]. */
  readonly raw: number;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  /** Share of the confidence's word that was taken, in [0, 1]; 0 is the plain Hajek mean. */
  readonly lambda: number;
  readonly varSample: number;
  readonly varModel: number;
  readonly variance: number;
  readonly kish: number;
  /** n*, the equally weighted labels that would give this interval. */
  readonly effective: number;
}

/**
 * The default: Hajek mean plus a tuned correction by the model's own confidence, and Wilson's interval with the size that
 * matches the blended variance.
 * @param sample labelled units, at least 2
 * @param population the units that the sample stands for
 * @param lambda fixes the tuning (0 = Hajek, 1 = plain difference); left out, it is tuned in [0, 1]
 * @throws RangeError with fewer than two units
 * @see Sarndal, Swensson & Wretman (1992), section 6.4; Angelopoulos et al. (2023), arXiv 2311.01453; Zrnic & Candes (2024);
 * Isaki & Fuller (1982); Franco, Little, Louis & Slud (2019); docs/statistics.md, "Accuracy"
 */
export function tunedDifference(
  sample: readonly Observation[],
  population: Population,
  lambda?: number,
): PointEstimate {
  const n = sample.length;
  if (n < 2) throw new RangeError(`An estimate needs at least 2 labelled units, got ${n}.`);
  const total = sumOver(sample, ({ pi }) => 1 / pi);
  const ah = sumOver(sample, ({ a, pi }) => a / pi) / total;
  const mh = sumOver(sample, ({ m, pi }) => m / pi) / total;
  const used = lambda ?? tunedLambda(sample, ah, mh);
  const raw = ah + used * (population.meanProxy - mh);
  const squares = sumOver(
    sample,
    ({ a, m, pi }) => ((1 - pi) * (a - ah - used * (m - mh)) ** 2) / pi ** 2,
  );
  const varSample = ((n / (n - 1)) * squares) / total ** 2;
  const varModel = modelVariance(population, (m) => shrunk(ah + used * (m - mh), n));
  return { raw, lambda: used, ...withInterval(sample, population, { raw, varSample, varModel }) };
}

function tunedLambda(sample: readonly Observation[], ah: number, mh: number): number {
  const q = ({ pi }: Observation): number => (1 - pi) / pi ** 2;
  const spread = sumOver(sample, (unit) => q(unit) * (unit.m - mh) ** 2);
  if (!(spread >= LEAST_SPREAD)) return 0;
  const common = sumOver(sample, (unit) => q(unit) * (unit.a - ah) * (unit.m - mh));
  return Math.min(1, Math.max(0, common / spread));
}

/** Chance of being right that the model-based variance gives a unit: never quite 0 or 1. */
const shrunk = (expected: number, n: number): number =>
  (n * Math.min(1, Math.max(0, expected)) + 1) / (n + 2);

/**
 * V_m: what the draw would vary by if each unit were right with the chance `expected`; it sees the rare errors of confident
 * items that were not drawn.
 */
export function modelVariance(population: Population, expected: (m: number) => number): number {
  const total = sumOver(population.spread, ({ weight, meanProxy }) => {
    const chance = expected(meanProxy);
    return weight * chance * (1 - chance);
  });
  return total / population.size ** 2;
}

/** Blends the variances and puts the interval around the clipped estimate; a census has no width. */
export function withInterval(
  sample: readonly Pick<Observation, 'pi'>[],
  population: Pick<Population, 'size'>,
  parts: { readonly raw: number; readonly varSample: number; readonly varModel: number },
): Omit<PointEstimate, 'raw' | 'lambda'> {
  const n = sample.length;
  const { raw, varSample, varModel } = parts;
  const variance = (n * varSample + BLEND_LABELS * varModel) / (n + BLEND_LABELS);
  const value = Math.min(1, Math.max(0, raw));
  const kish = kishSize(sample);
  const effective = effectiveSize(value, variance, kish);
  const isCensus = n === population.size && sample.every(({ pi }) => pi === 1);
  const [lower, upper]: Bounds = isCensus ? [value, value] : wilson(value, effective);
  return { n, value, lower, upper, varSample, varModel, variance, kish, effective };
}
