import type { RequestHandler } from 'express';

import { createPrometheusMeter } from '../adapters/prometheus/create-prometheus-meter.ts';
import { httpMetrics } from '../adapters/prometheus/http-metrics.ts';
import type { MetricRole } from '../domain/metrics.ts';
import { exposeBuild } from '../expose/expose-facts.ts';
import type { Meter } from '../ports/meter.ts';

/** One role's registry as its parts need it. */
export interface RoleMetrics {
  readonly meter: Meter;
  readonly instrument: RequestHandler;
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
}

type LabelValues = Parameters<typeof createPrometheusMeter>[0]['labelValues'];

/** No series stands under two jobs: each role has a registry of its own, in one process too. */
export function roleMetrics(
  role: MetricRole,
  labelValues: LabelValues,
  build: { readonly version: string; readonly revision: string },
): RoleMetrics {
  const { meter, metricsText, contentType } = createPrometheusMeter({ role, labelValues });
  exposeBuild(meter, build);
  return {
    meter,
    instrument: httpMetrics(meter),
    metrics: async () => ({ text: await metricsText(), contentType }),
  };
}
