import type { AccuracyEstimate, Interval } from '../domain/estimate.ts';
import { Z95 } from '../estimate/wilson.ts';
import { percent } from './percent.ts';

const WANTED_HALF_WIDTH = 0.02;
const SHADES = 5;

/** A ratio with its interval, as words and as a mark on a line from 0 to 100. */
export interface IntervalMark {
  readonly words: string;
  readonly mark: {
    readonly value: string;
    readonly from: string;
    readonly length: string;
  } | null;
}

/** One class, or one segment. */
export interface PartRow {
  readonly name: string;
  readonly labels: number;
  readonly marks: readonly IntervalMark[];
}

export interface ConfusionRow {
  readonly trueClass: string;
  readonly cells: readonly {
    readonly words: string;
    /** 0 to 5: the darker, the larger the share of the row. */
    readonly shade: number;
    readonly isRight: boolean;
  }[];
}

export interface AccuracyDetail {
  readonly classes: readonly PartRow[];
  readonly segments: readonly PartRow[];
  readonly predictedClasses: readonly string[];
  readonly confusion: readonly ConfusionRow[];
  readonly calibration: readonly (readonly [name: string, value: string])[];
  readonly feedback: readonly (readonly [name: string, value: string])[];
  readonly responses: readonly (readonly string[])[];
  readonly agreement: string;
  readonly labelsWanted: string;
  readonly naiveGap: string | null;
  readonly labelFree: string | null;
}

/** Everything that the page says about one version and window beside its estimate. */
export function accuracyDetail(estimate: AccuracyEstimate): AccuracyDetail {
  const predictedClasses = predictedOf(estimate);
  return {
    classes: estimate.classes.map((one) => ({
      name: one.className,
      labels: one.labels,
      marks: [markOf(one.recall), markOf(one.precision), markOf(one.f1)],
    })),
    segments: estimate.segments.map((one) => ({
      name: one.segment === '' ? 'not said' : one.segment,
      labels: one.labels,
      marks: [markOf(one.accuracy)],
    })),
    predictedClasses,
    confusion: confusionRows(estimate, predictedClasses),
    calibration: calibrationWords(estimate),
    feedback: feedbackWords(estimate),
    responses: estimate.responses.map((row) => [
      PATTERN_WORDS[row.pattern],
      ...[row.selected, row.labelled, row.skipped, row.open].map(String),
    ]),
    agreement:
      estimate.agreement === null
        ? 'not known yet: too few photos were answered by two people'
        : `${estimate.agreement.toFixed(2)} (Krippendorff’s alpha; 1 is full agreement)`,
    labelsWanted: labelsWanted(estimate),
    naiveGap: naiveGap(estimate),
    labelFree: estimate.labelFree === null ? null : percent(estimate.labelFree.value, 1),
  };
}

const PATTERN_WORDS = {
  plain: 'neither',
  low: 'low-confidence',
  disputed: 'disputed',
  both: 'low-confidence and disputed',
} as const;

/** @param interval null: too few labels */
export function markOf(interval: Interval | null): IntervalMark {
  if (interval === null) return { words: 'too few labels', mark: null };
  const { value, lower, upper } = interval;
  return {
    words: `${percent(value)} (${(lower * 100).toFixed(0)} to ${percent(upper)})`,
    mark: {
      value: (value * 100).toFixed(1),
      from: (lower * 100).toFixed(1),
      length: Math.max(0.5, (upper - lower) * 100).toFixed(1),
    },
  };
}

const predictedOf = ({ confusion, classes }: AccuracyEstimate): readonly string[] => {
  const named = classes.map(({ className }) => className);
  const others = Object.values(confusion).flatMap((row) => Object.keys(row));
  return [...new Set([...named, ...others])].filter((name) => others.includes(name));
};

function confusionRows(
  { classes, confusion }: AccuracyEstimate,
  predicted: readonly string[],
): readonly ConfusionRow[] {
  // As the columns, so that right answers stand on the diagonal; what is no class (None of these) comes last.
  const inOrder = [
    ...new Set([...classes.map(({ className }) => className), ...Object.keys(confusion)]),
  ];
  return inOrder.flatMap((trueClass) => {
    const row = confusion[trueClass];
    if (row === undefined) return [];
    const total = Object.values(row).reduce((sum, count) => sum + count, 0);
    return [
      {
        trueClass,
        cells: predicted.map((name) => cellOf(name === trueClass, row[name] ?? 0, total)),
      },
    ];
  });
}

const cellOf = (isRight: boolean, count: number, total: number): ConfusionRow['cells'][number] => ({
  words: count === 0 ? '0' : count < 1 ? '< 1' : count.toFixed(0),
  shade: total === 0 ? 0 : Math.ceil((count / total) * SHADES),
  isRight,
});

function calibrationWords({ calibration }: AccuracyEstimate): AccuracyDetail['calibration'] {
  if (calibration === null) return [];
  return [
    [
      'Calibration error (root mean square, less what chance makes)',
      percent(calibration.eceDebiased, 1),
    ],
    ['Calibration error (mean)', percent(calibration.ece, 1)],
    ['Largest error of a bin', percent(calibration.mce, 1)],
    ['Brier score', calibration.brier.toFixed(3)],
    ['Log loss', calibration.logLoss.toFixed(3)],
    [
      'Temperature',
      calibration.temperature === null
        ? 'not known: needs 50 labels, and every probability'
        : calibration.temperature.toFixed(2),
    ],
  ];
}

function feedbackWords({ feedback }: AccuracyEstimate): AccuracyDetail['feedback'] {
  const { counts } = feedback;
  return [
    [
      'Flags, corrections, confirmations',
      `${counts.flag}, ${counts.correction}, ${counts.confirmation}`,
    ],
    ['Flagged answers that were wrong', markOf(feedback.flagPrecision).words],
    ['Wrong answers that were flagged', markOf(feedback.flagRecall).words],
    ['Corrections that named the true class', markOf(feedback.correctionRight).words],
  ];
}

/**
 * How many more labels bring the interval to plus or minus two points, when they come as those so far did. The accuracy is
 * drawn towards 1/2 as Wilson's interval is: twelve labels that were all right do not promise that all to come will be.
 */
function labelsWanted(estimate: AccuracyEstimate): string {
  const { accuracy, lower, upper, labels, effectiveLabels } = estimate;
  if (accuracy === null || lower === null || upper === null || !effectiveLabels)
    return 'too few labels to tell';
  if ((upper - lower) / 2 <= WANTED_HALF_WIDTH) return 'none: it is that narrow already';
  const z2 = Z95 ** 2;
  const expected = (accuracy * effectiveLabels + z2 / 2) / (effectiveLabels + z2);
  const needed = (z2 * expected * (1 - expected)) / WANTED_HALF_WIDTH ** 2;
  return `about ${Math.ceil(((needed - effectiveLabels) * labels) / effectiveLabels)}`;
}

function naiveGap({ naive, accuracy }: AccuracyEstimate): string | null {
  if (naive === null || accuracy === null) return null;
  const points = (naive - accuracy) * 100;
  const size = Math.abs(points).toFixed(1);
  if (Math.abs(points) < 0.05) return 'The naive mean happens to agree with it.';
  return `The naive mean is ${size} points ${points < 0 ? 'lower' : 'higher'}: labels come with unequal chances (doubtful answers are selected more often, and not every task is answered), and the naive mean forgets that.`;
}
