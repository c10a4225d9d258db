import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { MetricName } from '../domain/metrics.ts';
import type { OfflineResult } from '../domain/offline-result.ts';
import type { Meter } from '../ports/meter.ts';
import { exposeCalibration } from './expose-calibration.ts';
import { exposeClasses } from './expose-classes.ts';
import { exposeFeedbackQuality } from './expose-feedback-quality.ts';
import { exposeSegments } from './expose-segments.ts';
import { newestVersions } from './newest-versions.ts';
import { replaceGauge } from './replace-gauge.ts';

/** Gauges with one value for each model version and window. */
const WINDOWED = {
  truthloop_accuracy_ratio: (estimate) => estimate.accuracy,
  truthloop_accuracy_lower_ratio: (estimate) => estimate.lower,
  truthloop_accuracy_upper_ratio: (estimate) => estimate.upper,
  truthloop_accuracy_random_ratio: (estimate) => estimate.random?.value,
  truthloop_accuracy_random_lower_ratio: (estimate) => estimate.random?.lower,
  truthloop_accuracy_random_upper_ratio: (estimate) => estimate.random?.upper,
  truthloop_accuracy_naive_ratio: (estimate) => estimate.naive,
  truthloop_accuracy_label_free_ratio: (estimate) => estimate.labelFree?.value,
  truthloop_labels: (estimate) => estimate.labels,
  truthloop_effective_labels: (estimate) => estimate.effectiveLabels,
  truthloop_maturity_ratio: (estimate) => estimate.maturity,
  truthloop_coverage_ratio: (estimate) => estimate.coverage,
  truthloop_window_predictions: (estimate) => estimate.predictions,
  truthloop_window_selected: (estimate) => estimate.selected,
  truthloop_window_skipped: (estimate) => estimate.skipped,
  truthloop_window_open: (estimate) => estimate.open,
  truthloop_annotator_agreement: (estimate) => estimate.agreement,
  truthloop_estimate_timestamp_seconds: (estimate) => estimate.asOf / 1000,
} as const satisfies Readonly<
  Partial<Record<MetricName, (estimate: AccuracyEstimate) => number | null | undefined>>
>;

/**
 * Shows the newest estimates as gauges, in place of whatever was shown before: a value that is not defined (any more) is
 * absent, a count is 0.
 * @param estimates the newest one of each model version and window
 * @param offline results before release, of any versions; shown for those that are shown
 */
export function exposeEstimates(
  meter: Meter,
  estimates: readonly AccuracyEstimate[],
  offline: readonly OfflineResult[],
): void {
  const versions = new Set(newestVersions(estimates));
  const shown = estimates.filter((estimate) => versions.has(estimate.modelVersion));
  for (const [name, valueOf] of Object.entries(WINDOWED)) {
    replaceGauge(meter, name as keyof typeof WINDOWED, shown, (estimate) => [
      { value: valueOf(estimate) },
    ]);
  }
  exposeClasses(meter, shown);
  exposeSegments(meter, shown);
  exposeCalibration(meter, shown);
  exposeFeedbackQuality(meter, shown);
  exposeEvidence(meter, shown);
  exposeOffline(
    meter,
    offline.filter((result) => versions.has(result.modelVersion)),
  );
}

/** One process of evidence per version, as its newest estimate has it: a label brings only the windows that hold it up to date. */
function exposeEvidence(meter: Meter, estimates: readonly AccuracyEstimate[]): void {
  meter.clear('truthloop_below_target_evalue');
  const oldestFirst = [...estimates].sort((a, b) => a.asOf - b.asOf);
  const newest = new Map(oldestFirst.map(({ modelVersion, evalue }) => [modelVersion, evalue]));
  for (const [modelVersion, evalue] of newest) {
    if (evalue === null) continue;
    meter.set('truthloop_below_target_evalue', evalue, { model_version: modelVersion });
  }
}

function exposeOffline(meter: Meter, offline: readonly OfflineResult[]): void {
  meter.clear('truthloop_offline_accuracy_ratio');
  for (const { modelVersion, right, n } of offline) {
    meter.set('truthloop_offline_accuracy_ratio', right / n, { model_version: modelVersion });
  }
}
