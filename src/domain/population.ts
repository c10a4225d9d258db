import type { Decision, StoredPrediction } from './prediction.ts';

/** Four disjoint patterns: what the design may treat differently. Index = isLowConfidence + 2 * isDisputed. */
export const PATTERNS = ['plain', 'low', 'disputed', 'both'] as const;

/** Equal-width bins of confidence in a cell block. */
export const CONFIDENCE_BINS = 20;
/** Counters of the day's confidence histogram, each 0.001 wide. */
export const HISTOGRAM_BINS = 1000;

/**
 * What each cell holds, in this order. `n` and `c` grow when a prediction is recorded; the rest when its batch is
 * decided (`decided` and `decidedC` count and sum the same units that stand behind the inverse sums).
 */
export const CELL_FIELDS = [
  'n',
  'c',
  'decided',
  'decidedC',
  'invPi',
  'cInvPi',
  'invQ',
  'cInvQ',
] as const;
export type CellField = (typeof CELL_FIELDS)[number];
export const CELL_FIELD_INDEX = Object.fromEntries(
  CELL_FIELDS.map((field, index) => [field, index]),
) as Readonly<Record<CellField, number>>;

/** Numbers in one block: all patterns, bins and fields of one hour, model version, segment and predicted class. */
export const BLOCK_LENGTH = PATTERNS.length * CONFIDENCE_BINS * CELL_FIELDS.length;

/** The sums of one class in one period, dense: index = (pattern * CONFIDENCE_BINS + bin) * CELL_FIELDS.length + field. */
export interface PopulationBlock {
  /** Start of the UTC hour (or of the UTC day once rolled up), ms. */
  readonly from: number;
  readonly segment: string;
  readonly predictedClass: string;
  /** BLOCK_LENGTH numbers. */
  readonly sums: Float64Array;
}

/** Per day and version: fine confidence histogram, and per predicted class the sum of each class's probability. */
export interface PopulationDay {
  readonly from: number;
  /** HISTOGRAM_BINS counts of confidence. */
  readonly histogram: Float64Array;
  /** predicted class -> class -> summed probability; only predictions that came with all probabilities. */
  readonly classProbabilities: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** @returns 0..3, the pattern's index in PATTERNS. */
export const patternIndex = (isLowConfidence: boolean, isDisputed: boolean): number =>
  (isLowConfidence ? 1 : 0) + (isDisputed ? 2 : 0);

/** @param confidence in [0, 1] @returns 0..CONFIDENCE_BINS-1 */
export const confidenceBin = (confidence: number): number =>
  Math.min(CONFIDENCE_BINS - 1, Math.floor(confidence * CONFIDENCE_BINS));

/** @param confidence in [0, 1] @returns 0..HISTOGRAM_BINS-1 */
export const histogramBin = (confidence: number): number =>
  Math.min(HISTOGRAM_BINS - 1, Math.floor(confidence * HISTOGRAM_BINS));

/** @returns index of the cell's first field within a block. */
export const cellOffset = (pattern: number, bin: number): number =>
  (pattern * CONFIDENCE_BINS + bin) * CELL_FIELDS.length;

/** An addition to the block of (hour of `at`, version, segment, predicted class). */
export interface CellIncrement {
  readonly offset: number;
  /** CELL_FIELDS.length numbers. */
  readonly values: readonly number[];
}

type Located = Pick<StoredPrediction, 'confidence' | 'isLowConfidence' | 'isDisputed'>;

const offsetOf = (unit: Located): number =>
  cellOffset(patternIndex(unit.isLowConfidence, unit.isDisputed), confidenceBin(unit.confidence));

const recordedValues = (c: number): number[] => [1, c, 0, 0, 0, 0, 0, 0];
const decidedValues = (c: number, { pi, q }: Pick<Decision, 'pi' | 'q'>): number[] => [
  0,
  0,
  1,
  c,
  1 / pi,
  c / pi,
  1 / q,
  c / q,
];
const plus = (a: readonly number[], b: readonly number[]): number[] =>
  a.map((value, index) => value + (b[index] ?? 0));
const minus = (values: readonly number[]): number[] => values.map((value) => -value);

/** What recording a prediction adds. */
export const recordedIncrement = (unit: Located): CellIncrement => ({
  offset: offsetOf(unit),
  values: recordedValues(unit.confidence),
});

/** What deciding a prediction's batch adds; for a revision, `earlier` is taken out. */
export function decidedIncrement(
  unit: Located,
  decision: Pick<Decision, 'pi' | 'q'>,
  earlier: Pick<Decision, 'pi' | 'q'> | null,
): CellIncrement {
  const added = decidedValues(unit.confidence, decision);
  return {
    offset: offsetOf(unit),
    values: earlier === null ? added : plus(added, minus(decidedValues(unit.confidence, earlier))),
  };
}

/** A dispute that came in time moves the whole unit to the disputed pattern: out of one cell, into another. */
export function disputedIncrements(
  unit: Pick<StoredPrediction, 'confidence' | 'isLowConfidence' | 'decision'>,
): readonly [CellIncrement, CellIncrement] {
  const recorded = recordedValues(unit.confidence);
  const values =
    unit.decision === null
      ? recorded
      : plus(recorded, decidedValues(unit.confidence, unit.decision));
  return [
    { offset: offsetOf({ ...unit, isDisputed: false }), values: minus(values) },
    { offset: offsetOf({ ...unit, isDisputed: true }), values },
  ];
}
