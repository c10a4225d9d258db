/**
 * Half width of an interval that may be looked at at any time, over time-ordered closed windows; asymptotic.
 * @param labels n, labels so far, >= 1
 * @param variance of the estimate at that moment
 * @param options.alpha 1 - level @param options.tunedFor number of labels at which it is narrowest
 * @see Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, arXiv 2103.06476
 */
export function confidenceSequenceHalfWidth(
  labels: number,
  variance: number,
  options: { readonly alpha?: number; readonly tunedFor?: number } = {},
): number {
  const { alpha = 0.05, tunedFor = 200 } = options;
  const r2 = (-2 * Math.log(alpha) + Math.log(-2 * Math.log(alpha) + 1)) / tunedFor;
  const growth = labels * r2 + 1;
  const sigma2 = labels * variance;
  return Math.sqrt(
    sigma2 * ((2 * growth) / (labels ** 2 * r2)) * Math.log(Math.sqrt(growth) / alpha),
  );
}
