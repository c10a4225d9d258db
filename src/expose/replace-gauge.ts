import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { MetricName } from '../domain/metrics.ts';
import type { Meter, MetricLabels } from '../ports/meter.ts';

interface GaugeValue {
  readonly labels?: MetricLabels;
  /** Null or undefined: not defined, so the series is absent. */
  readonly value: number | null | undefined;
}

/** Puts a windowed gauge's new series in place of all its old ones. */
export function replaceGauge(
  meter: Meter,
  name: MetricName,
  estimates: readonly AccuracyEstimate[],
  valuesOf: (estimate: AccuracyEstimate) => readonly GaugeValue[],
): void {
  meter.clear(name);
  for (const estimate of estimates) {
    const common = { model_version: estimate.modelVersion, window: estimate.window };
    for (const { labels, value } of valuesOf(estimate)) {
      if (value !== null && value !== undefined) meter.set(name, value, { ...common, ...labels });
    }
  }
}
