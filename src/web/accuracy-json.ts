import type { AccuracyEstimate, ClassEstimate, Interval } from '../domain/estimate.ts';
import type { AccuracyAnswer } from './api-schemas.ts';
import type { OfflineResult } from './web-options.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/**
 * The estimates as other programs read them; null where something is not defined.
 * @param estimates newest of each version and window
 */
export function accuracyJson(
  estimates: readonly AccuracyEstimate[],
  offline: OfflineResult | null,
): AccuracyAnswer {
  const newest = Math.max(...estimates.map(({ asOf }) => asOf));
  return {
    as_of: estimates.length === 0 ? null : iso(newest),
    estimates: estimates.map((estimate) => estimateJson(estimate, offline)),
  };
}

type EstimateAnswer = AccuracyAnswer['estimates'][number];
type ClassAnswer = EstimateAnswer['classes'][number];

function estimateJson(estimate: AccuracyEstimate, offline: OfflineResult | null): EstimateAnswer {
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
  };
}

/** @returns the share of right ones before release, of this very version; null when nothing is known */
export const offlineAccuracy = (
  offline: OfflineResult | null,
  modelVersion: string,
): number | null =>
  offline?.modelVersion === modelVersion && offline.n > 0 ? offline.right / offline.n : null;

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
