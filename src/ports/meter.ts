import type { MetricName } from '../domain/metrics.ts';

/** Label name -> value; the names are those of the catalogue, the values from closed sets. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Counts and measures, by the catalogue in domain/metrics.ts; an unknown name or label is a programming error. */
export interface Meter {
  increment(name: MetricName, labels?: MetricLabels, by?: number): void;
  observe(name: MetricName, value: number, labels?: MetricLabels): void;
  set(name: MetricName, value: number, labels?: MetricLabels): void;
  /** Takes all series of a gauge away: what is not defined is absent, never 0. */
  clear(name: MetricName): void;
}
