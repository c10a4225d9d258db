import type { FeedbackKind } from './feedback.ts';
import type { ModelVersion, PredictionId } from './ids.ts';
import type { WindowName } from './window.ts';
import { dayOf, hourOf } from './window.ts';

/** A value with its 95 % interval and how many labels stand behind it. All ratios in [0, 1], lower <= value <= upper. */
export interface Interval {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly labels: number;
}

/** The label-free line (docs/statistics.md): never an accuracy. */
export interface LabelFree {
  readonly value: number;
  readonly isCalibrated: boolean;
}

export interface ClassEstimate {
  readonly className: string;
  /** Labelled units whose true class it is. */
  readonly labels: number;
  readonly precision: Interval | null;
  readonly recall: Interval | null;
  readonly f1: Interval | null;
}

export interface SegmentEstimate {
  readonly segment: string;
  readonly predictions: number;
  readonly labels: number;
  /** Null: too few labels. */
  readonly accuracy: Interval | null;
}

export interface ReliabilityBin {
  readonly from: number;
  readonly to: number;
  /** Share of the window's traffic in this bin. */
  readonly share: number;
  readonly meanConfidence: number;
  readonly accuracy: Interval | null;
}

export interface Calibration {
  readonly brier: number;
  readonly logLoss: number;
  readonly bins: readonly ReliabilityBin[];
  readonly ece: number;
  readonly eceDebiased: number;
  readonly mce: number;
  /** Null under 50 labels or without all probabilities. */
  readonly temperature: number | null;
}

/** What users' flags and corrections are worth. */
export interface FeedbackQuality {
  readonly flagPrecision: Interval | null;
  readonly flagRecall: Interval | null;
  readonly correctionRight: Interval | null;
  readonly counts: Readonly<Record<FeedbackKind, number>>;
}

/** Answers of a pattern: who was selected, and what became of it. */
export interface ResponseRow {
  readonly pattern: 'plain' | 'low' | 'disputed' | 'both';
  readonly selected: number;
  readonly labelled: number;
  readonly skipped: number;
  readonly open: number;
}

/** A labelled prediction that was wrong. */
export interface Mistake {
  readonly predictionId: PredictionId;
  readonly predictedClass: string;
  readonly confidence: number;
  /** "Rice or Soup" where annotators disagreed for good. */
  readonly trueClass: string;
}

/**
 * Accuracy of one model version in one window, with all that stands behind it. Null: not defined (too few labels).
 * No accuracy leaves `estimate/` without interval, label count and window.
 */
export interface AccuracyEstimate {
  readonly modelVersion: ModelVersion;
  readonly window: WindowName;
  readonly from: number;
  readonly to: number;
  /** When it was computed, ms. */
  readonly asOf: number;
  readonly predictions: number;
  readonly selected: number;
  /** Labelled units that it rests on: of the random part alone where annotators saw the prediction. */
  readonly labels: number;
  readonly skipped: number;
  readonly open: number;
  /** n* of the interval; null where there is no estimate. */
  readonly effectiveLabels: number | null;
  readonly kish: number | null;
  readonly accuracy: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  /** The estimate before clipping to [0, 1]. */
  readonly raw: number | null;
  readonly lambda: number | null;
  /** All labelled / selected; null when nothing is selected. */
  readonly coverage: number | null;
  /** Weighted share of answered or skipped among the selected ones that it rests on; null when there are none. */
  readonly maturity: number | null;
  readonly reliable: boolean;
  readonly method: string;
  /** Worst cases for what is not answered of what it rests on: all wrong, all right. */
  readonly bounds: { readonly lower: number; readonly upper: number } | null;
  readonly random: Interval | null;
  /** Labelled units of the random part, also where the estimate is null. */
  readonly randomLabels: number;
  /** Estimate and random part contradict each other: their intervals are disjoint. Never where the one is the other. */
  readonly disagrees: boolean;
  /** Plain mean of all labels. */
  readonly naive: number | null;
  readonly labelFree: LabelFree | null;
  /**
   * The alarm's evidence against "accuracy >= target"; null without traffic in 24 h. Whatever the window, it is that of the
   * version at `asOf`: of several windows the one computed last has it.
   */
  readonly evalue: number | null;
  readonly classes: readonly ClassEstimate[];
  readonly macroF1: (Interval & { readonly classes: number }) | null;
  readonly segments: readonly SegmentEstimate[];
  /** true class (or NONE_OF_THESE) -> predicted class -> estimated count. */
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly calibration: Calibration | null;
  readonly feedback: FeedbackQuality;
  readonly responses: readonly ResponseRow[];
  /** Krippendorff's alpha; null when not defined. */
  readonly agreement: number | null;
  /** Wrong answers of which the model was surest, surest first; absent in the history and in what earlier versions saved. */
  readonly mistakes?: readonly Mistake[];
  /** Largest weight over the median weight is above 50: the estimate hangs on few units. */
  readonly hasExtremeWeights: boolean;
}

/** What the history keeps of an estimate: what is drawn over time, and no prediction by its id. */
export type PastEstimate = Pick<
  AccuracyEstimate,
  'asOf' | 'accuracy' | 'lower' | 'upper' | 'naive' | 'labels' | 'maturity' | 'reliable'
>;

export const pastEstimate = (estimate: AccuracyEstimate): PastEstimate => {
  const { asOf, accuracy, lower, upper, naive, labels, maturity, reliable } = estimate;
  return { asOf, accuracy, lower, upper, naive, labels, maturity, reliable };
};

/** The estimate without a prediction that is being erased; null where it is not among the mistakes. */
export function withoutMistake(
  estimate: AccuracyEstimate,
  erased: PredictionId,
): AccuracyEstimate | null {
  const { mistakes = [] } = estimate;
  const kept = mistakes.filter(({ predictionId }) => predictionId !== erased);
  return kept.length === mistakes.length ? null : { ...estimate, mistakes: kept };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Of estimates older than this, the last of each hour is kept. */
const EVERY_ESTIMATE_MS = 3 * HOUR_MS;
/** Of estimates older than this, the last of each day is kept. */
const HOURLY_ESTIMATES_MS = 31 * DAY_MS;

/**
 * The periods [from, to) of a history that are old enough, when an estimate of `asOf` joins it, to keep only their last
 * entry. Thinning the newest such period each time keeps the whole history thin.
 */
export function thinnedPeriods(
  asOf: number,
): readonly { readonly from: number; readonly to: number }[] {
  const hour = hourOf(asOf - EVERY_ESTIMATE_MS);
  const day = dayOf(asOf - HOURLY_ESTIMATES_MS);
  return [
    { from: hour - HOUR_MS, to: hour },
    { from: day - DAY_MS, to: day },
  ];
}
