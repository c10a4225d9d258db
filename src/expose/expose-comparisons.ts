import type { VersionComparison } from '../domain/comparison.ts';
import type { MetricName } from '../domain/metrics.ts';
import type { Meter } from '../ports/meter.ts';

const GAUGES = {
  truthloop_version_difference_ratio: ({ difference }) => difference?.value,
  truthloop_version_difference_lower_ratio: ({ difference }) => difference?.lower,
  truthloop_version_difference_upper_ratio: ({ difference }) => difference?.upper,
  truthloop_versions_compared_predictions: ({ answered }) => answered,
  truthloop_versions_differ_predictions: ({ differ }) => differ,
  truthloop_versions_differ_labels: ({ labels }) => labels,
} as const satisfies Readonly<
  Partial<Record<MetricName, (comparison: VersionComparison) => number | undefined>>
>;

/** Shows the newest comparisons in place of whatever was shown before; a difference that is not defined is absent. */
export function exposeComparisons(meter: Meter, comparisons: readonly VersionComparison[]): void {
  for (const [name, valueOf] of Object.entries(GAUGES)) {
    meter.clear(name as keyof typeof GAUGES);
    for (const comparison of comparisons) {
      const value = valueOf(comparison);
      if (value === undefined) continue;
      meter.set(name as keyof typeof GAUGES, value, {
        model_version: comparison.modelVersion,
        baseline_version: comparison.baselineVersion,
        window: comparison.window,
      });
    }
  }
}
