import { METRICS } from '../../src/domain/metrics.ts';
import type { Meter, MetricLabels } from '../../src/ports/meter.ts';

/** A meter that remembers: 'name{label=value,...}' -> sum of what was counted or observed, or what was set last. */
export interface CountingMeter extends Meter {
  readonly values: ReadonlyMap<string, number>;
  value(name: string, labels?: MetricLabels): number;
}

const keyOf = (name: string, labels: MetricLabels = {}): string =>
  `${name}{${Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, value]) => `${label}=${value}`)
    .join(',')}}`;

/** Refuses what the catalogue does not know, as the real one does. */
export function createCountingMeter(): CountingMeter {
  const values = new Map<string, number>();
  const known = (name: string, labels: MetricLabels = {}): string => {
    const definition = METRICS[name as keyof typeof METRICS];
    if ((definition as unknown) === undefined) throw new Error(`${name} is not in the catalogue`);
    const expected = Object.keys(definition.labels).sort().join();
    if (Object.keys(labels).sort().join() !== expected)
      throw new Error(`${name} has the labels ${expected}, got ${Object.keys(labels).join()}`);
    return keyOf(name, labels);
  };
  const add = (key: string, by: number): void => void values.set(key, (values.get(key) ?? 0) + by);
  return {
    values,
    value: (name, labels) => values.get(keyOf(name, labels)) ?? 0,
    increment: (name, labels, by = 1) => {
      add(known(name, labels), by);
    },
    observe: (name, value, labels) => {
      add(known(name, labels), value);
    },
    set: (name, value, labels) => void values.set(known(name, labels), value),
    clear: (name) => {
      for (const key of [...values.keys()]) if (key.startsWith(`${name}{`)) values.delete(key);
    },
  };
}
