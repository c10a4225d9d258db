import { logBeta } from './log-gamma.ts';

const TINY = 1e-300;
const PRECISION = 1e-16;
const STEPS_MAX = 100_000;

/**
 * ln of the regularised incomplete beta function I_x(a, b). Computed in logarithms, so that it does not underflow where
 * I itself is far below the smallest double.
 * @param x in [0, 1] @param a > 0 @param b > 0
 * @returns at most 0; -Infinity at x = 0
 * @see Press et al. (2007), Numerical Recipes, section 6.4 (continued fraction, modified Lentz)
 */
export function logIncompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return -Infinity;
  if (x >= 1) return 0;
  if (x < (a + 1) / (a + b + 2)) return logLowerTail(x, a, b);
  return Math.log1p(-Math.exp(logLowerTail(1 - x, b, a)));
}

/** I_x(a, b). */
export const incompleteBeta = (x: number, a: number, b: number): number => {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x < (a + 1) / (a + b + 2)) return Math.exp(logLowerTail(x, a, b));
  return 1 - Math.exp(logLowerTail(1 - x, b, a));
};

/** Good where the fraction converges fast: x below the mean, about. */
function logLowerTail(x: number, a: number, b: number): number {
  const front = a * Math.log(x) + b * Math.log1p(-x) - Math.log(a) - logBeta(a, b);
  return front + Math.log(continuedFraction(x, a, b));
}

const awayFromZero = (value: number): number => (Math.abs(value) < TINY ? TINY : value);

function continuedFraction(x: number, a: number, b: number): number {
  let c = 1;
  let d = 1 / awayFromZero(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= STEPS_MAX; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / awayFromZero(1 + even * d);
    c = awayFromZero(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / awayFromZero(1 + odd * d);
    c = awayFromZero(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) <= PRECISION * 4) break;
  }
  return result;
}
