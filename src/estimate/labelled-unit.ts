import type { Unit } from '../domain/unit.ts';

/** A labelled unit, ready for every formula. */
export interface LabelledUnit {
  readonly unit: Unit;
  /** Class (or NONE_OF_THESE) -> share of the votes, sums to 1. */
  readonly shares: Readonly<Record<string, number>>;
  /** Correctness: share of the votes that agree with the model. */
  readonly a: number;
  /** Confidence. */
  readonly m: number;
  /** Inclusion probability, adjusted for answers that did not come. */
  readonly pi: number;
}

/** Chance, by the labels, that the unit's true class is `className`. */
export const truthShare = ({ shares }: LabelledUnit, className: string): number =>
  shares[className] ?? 0;
