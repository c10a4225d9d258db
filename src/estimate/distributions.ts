import { solveIncreasing } from '../domain/solve-increasing.ts';
import { incompleteBeta } from './incomplete-beta.ts';
import { upperIncompleteGamma } from './incomplete-gamma.ts';

/** P(Z > x) for a standard normal Z. */
const normalUpperTail = (x: number): number => {
  const half = upperIncompleteGamma(0.5, (x * x) / 2) / 2;
  return x >= 0 ? half : 1 - half;
};

/** P(Z <= x) for a standard normal Z. */
export const normalCdf = (x: number): number => normalUpperTail(-x);

/** The x with P(Z <= x) = p, p in (0, 1). @example normalQuantile(0.975) // 1.959963984540054 */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  return p === 0.5 ? 0 : solveIncreasing(normalCdf, p, -40, 0);
}

/** P(X > x) for a chi-square X with `df` degrees of freedom. */
export const chiSquareUpperTail = (x: number, df: number): number =>
  upperIncompleteGamma(df / 2, x / 2);

/** The x with P(X <= x) = p for a chi-square X, p in (0, 1). */
export const chiSquareQuantile = (p: number, df: number): number =>
  solveIncreasing((x) => 1 - chiSquareUpperTail(x, df), p, 0, df + 40 * Math.sqrt(2 * df) + 200);

/** The x with I_x(a, b) = p, p in [0, 1]. */
export const betaQuantile = (p: number, a: number, b: number): number =>
  solveIncreasing((x) => incompleteBeta(x, a, b), p, 0, 1);

/** P(X <= k) for a binomial X of n draws with chance p. */
export const binomialCdf = (k: number, n: number, p: number): number => {
  if (k < 0) return 0;
  return k >= n ? 1 : incompleteBeta(1 - p, n - k, k + 1);
};
