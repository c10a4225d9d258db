/** Two-sided 95 % quantile of the normal distribution. */
export const Z95 = 1.959963984540054;

export type Bounds = readonly [lower: number, upper: number];

const clip = (value: number): number => Math.min(1, Math.max(0, value));

/**
 * Wilson's interval for a proportion.
 * @param proportion in [0, 1]
 * @param size labels, > 0; an effective size need not be whole
 * @returns [lower, upper] within [0, 1]; contains the proportion
 * @see Wilson (1927); Brown, Cai & DasGupta (2001)
 * @example wilson(0, 5) // [0, 0.4345]
 */
export function wilson(proportion: number, size: number, z: number = Z95): Bounds {
  const z2 = z * z;
  const shrink = 1 + z2 / size;
  const centre = (proportion + z2 / (2 * size)) / shrink;
  const half =
    (z / shrink) * Math.sqrt((proportion * (1 - proportion)) / size + z2 / (4 * size * size));
  // Rounding must not push a bound past the estimate at 0 and 1.
  return [Math.min(proportion, clip(centre - half)), Math.max(proportion, clip(centre + half))];
}

/**
 * n*: the number of equally weighted labels that would leave the same variance.
 * @param kish size that takes over where the variance says nothing (estimate 0 or 1, or variance 0)
 * @see Kott (2017); Franco, Little, Louis & Slud (2019)
 */
export function effectiveSize(proportion: number, variance: number, kish: number): number {
  const spread = proportion * (1 - proportion);
  return spread > 0 && variance > 0 ? spread / variance : kish;
}
