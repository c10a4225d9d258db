import { logGamma } from './log-gamma.ts';

const PRECISION = 1e-17;
const TINY = 1e-300;
const STEPS_MAX = 100_000;

/**
 * Upper regularised incomplete gamma function Q(a, x).
 * @param a > 0 @param x >= 0
 * @see Press et al. (2007), Numerical Recipes, section 6.2
 */
export function upperIncompleteGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - front * lowerSeries(a, x) : front * upperFraction(a, x);
}

function lowerSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let k = 1; k <= STEPS_MAX && term > sum * PRECISION; k += 1) {
    term *= x / (a + k);
    sum += term;
  }
  return sum;
}

function upperFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let result = d;
  for (let k = 1; k <= STEPS_MAX; k += 1) {
    const numerator = k * (a - k);
    b += 2;
    d = 1 / (b + numerator * d);
    c = b + numerator / c;
    result *= d * c;
    if (Math.abs(d * c - 1) < 4e-16) break;
  }
  return result;
}
