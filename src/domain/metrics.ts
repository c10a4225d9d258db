import type { MetricDefinition } from './metrics/definition.ts';
import { DRIFT_METRICS } from './metrics/drift-metrics.ts';
import { ESTIMATE_METRICS } from './metrics/estimate-metrics.ts';
import { LOOP_METRICS } from './metrics/loop-metrics.ts';
import { PREDICTION_METRICS } from './metrics/prediction-metrics.ts';
import { SERVICE_METRICS } from './metrics/service-metrics.ts';

export type { LabelSet, MetricDefinition, MetricRole } from './metrics/definition.ts';

/** Every series of the product but the runtime's own: code, rules, boards and docs/metrics.md know no other. */
export const METRICS = {
  ...SERVICE_METRICS,
  ...PREDICTION_METRICS,
  ...DRIFT_METRICS,
  ...LOOP_METRICS,
  ...ESTIMATE_METRICS,
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
