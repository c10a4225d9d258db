import { betaQuantile } from './distributions.ts';
import type { Bounds } from './wilson.ts';

/**
 * Interval that never covers less than its level; wider than Wilson's.
 * @param right labels that were right, need not be whole @param size labels, >= right
 * @param alpha 1 - level
 * @see Clopper & Pearson (1934); with an effective size: Korn & Graubard (1998)
 */
export const clopperPearson = (right: number, size: number, alpha = 0.05): Bounds => [
  right === 0 ? 0 : betaQuantile(alpha / 2, right, size - right + 1),
  right === size ? 1 : betaQuantile(1 - alpha / 2, right + 1, size - right),
];
