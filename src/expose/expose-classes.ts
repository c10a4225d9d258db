import type { AccuracyEstimate, ClassEstimate } from '../domain/estimate.ts';
import type { MetricName } from '../domain/metrics.ts';
import type { Meter } from '../ports/meter.ts';
import { replaceGauge } from './replace-gauge.ts';

const PER_CLASS = {
  truthloop_class_labels: (estimate) => estimate.labels,
  truthloop_class_precision_ratio: (estimate) => estimate.precision?.value,
  truthloop_class_recall_ratio: (estimate) => estimate.recall?.value,
  truthloop_class_f1_ratio: (estimate) => estimate.f1?.value,
} as const satisfies Readonly<
  Partial<Record<MetricName, (estimate: ClassEstimate) => number | undefined>>
>;

/** Precision, recall and F1 of each class, with the labels behind them. */
export function exposeClasses(meter: Meter, estimates: readonly AccuracyEstimate[]): void {
  for (const [name, valueOf] of Object.entries(PER_CLASS)) {
    replaceGauge(meter, name as keyof typeof PER_CLASS, estimates, ({ classes }) =>
      classes.map((estimate) => ({
        labels: { class_name: estimate.className },
        value: valueOf(estimate),
      })),
    );
  }
}
