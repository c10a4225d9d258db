import type { AccuracyEstimate, SegmentEstimate } from '../domain/estimate.ts';
import type { MetricName } from '../domain/metrics.ts';
import type { Meter } from '../ports/meter.ts';
import { replaceGauge } from './replace-gauge.ts';

const PER_SEGMENT = {
  truthloop_segment_labels: (estimate) => estimate.labels,
  truthloop_segment_accuracy_ratio: (estimate) => estimate.accuracy?.value,
  truthloop_segment_accuracy_lower_ratio: (estimate) => estimate.accuracy?.lower,
  truthloop_segment_accuracy_upper_ratio: (estimate) => estimate.accuracy?.upper,
} as const satisfies Readonly<
  Partial<Record<MetricName, (estimate: SegmentEstimate) => number | undefined>>
>;

/** Accuracy in each segment with its interval, where there are segments. */
export function exposeSegments(meter: Meter, estimates: readonly AccuracyEstimate[]): void {
  for (const [name, valueOf] of Object.entries(PER_SEGMENT)) {
    replaceGauge(meter, name as keyof typeof PER_SEGMENT, estimates, ({ segments }) =>
      segments.map((estimate) => ({
        labels: { segment: estimate.segment },
        value: valueOf(estimate),
      })),
    );
  }
}
