import type { MetricName } from '../../src/domain/metrics.ts';

/** What others expose and the boards show too: Prometheus itself, prom-client's own, cAdvisor, the recorded SLOs. */
export const EXTERNAL_SERIES = [
  'up',
  'ALERTS',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_open_fds',
  'process_start_time_seconds',
  'nodejs_heap_size_used_bytes',
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_gc_duration_seconds_sum',
  'container_cpu_usage_seconds_total',
  'container_memory_working_set_bytes',
  'slo:current_burn_rate:ratio',
  'slo:period_error_budget_remaining:ratio',
] as const;
type ExternalSeries = (typeof EXTERNAL_SERIES)[number];
type Series = MetricName | `${MetricName}_${'bucket' | 'sum' | 'count'}` | ExternalSeries;

/** A selector that follows the board's job and instance variables. */
export const of = (series: Series, ...matchers: readonly string[]): string =>
  `${series}{${['job=~"$job"', 'instance=~"$instance"', ...matchers].join(', ')}}`;

/** A selector of what has no job or instance: recorded SLOs, alerts. */
export const recorded = (series: ExternalSeries, ...matchers: readonly string[]): string =>
  `${series}${matchers.length === 0 ? '' : `{${matchers.join(', ')}}`}`;

/** Several syncs may show the same gauge: one of them is enough. */
export const oneOf = (labels: string, selector: string): string =>
  `max by (${labels}) (${selector})`;

/** Per second, over an interval that fits the scrape and the zoom. */
export const rate = (selector: string): string => `rate(${selector}[$__rate_interval])`;

/** How much a counter grew over the time that the board shows. */
export const growth = (selector: string): string => `increase(${selector}[$__range])`;

export const sumBy = (labels: string, expression: string): string =>
  labels === '' ? `sum(${expression})` : `sum by (${labels}) (${expression})`;

/** A quantile from a histogram's buckets. */
export const quantile = (q: number, bucketRates: string, labels = ''): string =>
  `histogram_quantile(${q}, ${sumBy(labels === '' ? 'le' : `le, ${labels}`, bucketRates)})`;
