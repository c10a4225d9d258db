import type { ModelVersion } from './ids.ts';
import type { PairCounts } from './shadow-answer.ts';
import type { WindowName } from './window.ts';

/**
 * Two model versions on the same traffic: predictions that both answered, whichever of them served.
 * What is better by it is always `modelVersion`: accuracy of `modelVersion` minus accuracy of `baselineVersion`.
 */
export interface VersionComparison extends PairCounts {
  /** The one that came later: it never served, or began to serve after the other. */
  readonly modelVersion: ModelVersion;
  readonly baselineVersion: ModelVersion;
  readonly window: WindowName;
  readonly from: number;
  readonly to: number;
  /** When it was computed, ms. */
  readonly asOf: number;
  /** Of those that differ: selected, and labelled. */
  readonly selected: number;
  readonly labels: number;
  /** In [-1, 1], lower <= value <= upper; null: too few labels. */
  readonly difference: {
    readonly value: number;
    readonly lower: number;
    readonly upper: number;
  } | null;
  /** Exact McNemar test; null where the labelled ones were not all selected with one chance, or nobody's label decides. */
  readonly mcNemarP: number | null;
}
