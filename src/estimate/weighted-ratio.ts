import type { Interval } from '../domain/estimate.ts';
import { kishSize, sumOver } from './weights.ts';
import { effectiveSize, wilson } from './wilson.ts';

const LEAST_LABELS = 5;

/** One labelled unit's part in a ratio. */
export interface RatioTerm {
  readonly num: number;
  readonly den: number;
  /** Inclusion probability, in (0, 1]. */
  readonly pi: number;
}

export interface RatioEstimate {
  readonly ratio: number;
  /** Linearised variance of Poisson sampling. */
  readonly variance: number;
  /** The same without the factor (1 - pi): for an endless stream of such traffic. */
  readonly varianceOfStream: number;
}

/**
 * R = sum w num / sum w den over the labelled units, w = 1 / pi.
 * @param terms all labelled units, those outside of the ratio's domain with den = num = 0
 * @returns null when sum w den = 0 or with fewer than two units
 * @see Sarndal, Swensson & Wretman (1992), section 5.6
 */
export function ratioEstimate(terms: readonly RatioTerm[]): RatioEstimate | null {
  const n = terms.length;
  const den = sumOver(terms, (term) => term.den / term.pi);
  if (n < 2 || den === 0) return null;
  const ratio = sumOver(terms, (term) => term.num / term.pi) / den;
  const square = (term: RatioTerm): number => ((term.num - ratio * term.den) / term.pi) ** 2;
  const scale = n / (n - 1) / den ** 2;
  return {
    ratio,
    variance: scale * sumOver(terms, (term) => (1 - term.pi) * square(term)),
    varianceOfStream: scale * sumOver(terms, square),
  };
}

/**
 * The ratio with its 95 % interval (Wilson with n* = R (1 - R) / V).
 * @param of what the interval speaks: the predictions of the window, or an endless stream of such (for what is to come)
 * @returns null when fewer than 5 labelled units lie in the domain (den > 0)
 */
export function ratioInterval(
  terms: readonly RatioTerm[],
  of: 'window' | 'stream' = 'window',
): Interval | null {
  const domain = terms.filter(({ den }) => den > 0);
  const estimate = ratioEstimate(terms);
  if (domain.length < LEAST_LABELS || estimate === null) return null;
  const value = Math.min(1, Math.max(0, estimate.ratio));
  const variance = of === 'window' ? estimate.variance : estimate.varianceOfStream;
  const [lower, upper] = wilson(value, effectiveSize(value, variance, kishSize(domain)));
  return { value, lower, upper, labels: domain.length };
}
