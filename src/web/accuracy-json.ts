import type { VersionComparison } from '../domain/comparison.ts';
import type { AccuracyEstimate, Calibration, ClassEstimate, Interval } from '../domain/estimate.ts';
import type { OfflineResult } from '../domain/offline-result.ts';
import type { AccuracyAnswer, DetailAnswer } from './api-schemas.ts';
import { offlineAccuracy } from './offline-result.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/**
 * The estimates as other programs read them; null where something is not defined.
 * @param estimates newest of each version and window
 * @param comparisons newest of each two versions and window
 */
export function accuracyJson(
  estimates: readonly AccuracyEstimate[],
  offline: readonly OfflineResult[],
  comparisons: readonly VersionComparison[] = [],
): AccuracyAnswer {
  const newest = Math.max(...estimates.map(({ asOf }) => asOf));
  return {
    as_of: estimates.length === 0 ? null : iso(newest),
    estimates: estimates.map((estimate) => estimateJson(estimate, offline)),
    comparisons: comparisons.map(comparisonJson),
  };
}

const comparisonJson = (comparison: VersionComparison): AccuracyAnswer['comparisons'][number] => ({
  model_version: comparison.modelVersion,
  baseline_version: comparison.baselineVersion,
  window: comparison.window,
  from: iso(comparison.from),
  to: iso(comparison.to),
  as_of: iso(comparison.asOf),
  predictions: comparison.answered,
  differ: comparison.differ,
  selected: comparison.selected,
  labels: comparison.labels,
  difference: comparison.difference?.value ?? null,
  lower: comparison.difference?.lower ?? null,
  upper: comparison.difference?.upper ?? null,
  mcnemar_p: comparison.mcNemarP,
});

type EstimateAnswer = AccuracyAnswer['estimates'][number];
type ClassAnswer = EstimateAnswer['classes'][number];

function estimateJson(
  estimate: AccuracyEstimate,
  offline: readonly OfflineResult[],
): EstimateAnswer {
  const { accuracy, lower, upper, raw, lambda, kish, coverage, maturity } = estimate;
  return {
    model_version: estimate.modelVersion,
    window: estimate.window,
    from: iso(estimate.from),
    to: iso(estimate.to),
    predictions: estimate.predictions,
    selected: estimate.selected,
    labels: estimate.labels,
    effective_labels: estimate.effectiveLabels,
    kish,
    accuracy,
    lower,
    upper,
    raw,
    lambda,
    coverage,
    maturity,
    reliable: estimate.reliable,
    method: estimate.method,
    random: intervalJson(estimate.random, estimate.randomLabels),
    naive: estimate.naive,
    label_free: estimate.labelFree?.value ?? null,
    evalue: estimate.evalue,
    offline: offlineAccuracy(offline, estimate.modelVersion),
    classes: estimate.classes.map(classJson),
    ...detailJson(estimate),
  };
}

/** What the page shows below the table. */
function detailJson(estimate: AccuracyEstimate): DetailAnswer {
  const { macroF1, calibration, feedback } = estimate;
  return {
    as_of: iso(estimate.asOf),
    skipped: estimate.skipped,
    open: estimate.open,
    bounds: estimate.bounds,
    disagrees: estimate.disagrees,
    has_extreme_weights: estimate.hasExtremeWeights,
    label_free_calibrated: estimate.labelFree?.isCalibrated ?? null,
    macro_f1: macroF1 && {
      ...{ value: macroF1.value, lower: macroF1.lower, upper: macroF1.upper },
      classes: macroF1.classes,
    },
    segments: estimate.segments.map(({ segment, predictions, labels, accuracy }) => ({
      ...{ segment, predictions, labels },
      accuracy: plain(accuracy),
    })),
    confusion: estimate.confusion,
    calibration: calibration && calibrationJson(calibration),
    feedback: {
      flag_precision: plain(feedback.flagPrecision),
      flag_recall: plain(feedback.flagRecall),
      correction_right: plain(feedback.correctionRight),
      counts: feedback.counts,
    },
    responses: [...estimate.responses],
    agreement: estimate.agreement,
  };
}

const calibrationJson = (calibration: Calibration): NonNullable<DetailAnswer['calibration']> => ({
  brier: calibration.brier,
  log_loss: calibration.logLoss,
  ece: calibration.ece,
  ece_debiased: calibration.eceDebiased,
  mce: calibration.mce,
  temperature: calibration.temperature,
  bins: calibration.bins.map(({ from, to, share, meanConfidence, accuracy }) => ({
    ...{ from, to, share, mean_confidence: meanConfidence },
    accuracy: plain(accuracy),
  })),
});

const intervalJson = (interval: Interval | null, labels: number): EstimateAnswer['random'] => ({
  accuracy: interval?.value ?? null,
  lower: interval?.lower ?? null,
  upper: interval?.upper ?? null,
  labels,
});

const classJson = ({ className, labels, precision, recall, f1 }: ClassEstimate): ClassAnswer => ({
  class_name: className,
  labels,
  precision: plain(precision),
  recall: plain(recall),
  f1: plain(f1),
});

const plain = (interval: Interval | null): ClassAnswer['f1'] =>
  interval && { value: interval.value, lower: interval.lower, upper: interval.upper };
