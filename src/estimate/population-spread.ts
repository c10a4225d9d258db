/** Part of a population whose members share (nearly) one confidence. */
export interface SpreadCell {
  /** Sum of (1 / pi - 1) over its members, pi adjusted for answers that did not come. */
  readonly weight: number;
  /** Mean of the confidence, weighted by the same. */
  readonly meanProxy: number;
}

/** All predictions that an estimate speaks of, labelled or not. */
export interface Population {
  /** N. */
  readonly size: number;
  /** Mean confidence of all. */
  readonly meanProxy: number;
  readonly spread: readonly SpreadCell[];
}
