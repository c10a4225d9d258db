import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';

import {
  type MetricDefinition,
  type MetricName,
  type MetricRole,
  METRICS,
} from '../../domain/metrics.ts';
import type { Meter, MetricLabels } from '../../ports/meter.ts';
import { checkLabels, type LabelValues, startingLabelSets } from './label-sets.ts';

export interface PrometheusMeter {
  readonly meter: Meter;
  /** The role's metrics in Prometheus' text format. */
  readonly metricsText: () => Promise<string>;
  readonly contentType: string;
}

/** prom-client gives these gauges names that end in _total, which `promtool check metrics` refuses. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
] as const;

type Family = Counter | Gauge | Histogram | Summary;

/**
 * The metrics of one role in a registry of its own. Counters, histograms and counting gauges begin at 0 for every label
 * set that can be known; every other gauge is absent until it is set.
 * @param role whose part of the catalogue
 * @param labelValues what only the deployment knows: the model's classes, the application's routes
 */
export function createPrometheusMeter(options: {
  readonly role: MetricRole;
  readonly labelValues: LabelValues;
}): PrometheusMeter {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  const families = new Map<string, Family>();
  for (const [name, definition] of Object.entries(METRICS)) {
    if (!(definition.roles as readonly string[]).includes(options.role)) continue;
    const family = makeFamily(name, definition, registry);
    beginFamily(family, definition, startingLabelSets(name, definition, options));
    families.set(name, family);
  }
  return {
    meter: meterOver(families, options),
    metricsText: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function makeFamily(name: string, definition: MetricDefinition, registry: Registry): Family {
  const common = {
    name,
    help: definition.help,
    labelNames: Object.keys(definition.labels),
    registers: [registry],
  };
  switch (definition.type) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...(definition.buckets ?? [])] });
    case 'summary':
      return new Summary({ ...common, percentiles: [] });
  }
}

function beginFamily(family: Family, definition: MetricDefinition, sets: MetricLabels[]): void {
  if (family instanceof Counter) for (const labels of sets) family.inc(labels, 0);
  if (family instanceof Histogram) for (const labels of sets) family.zero(labels);
  if (!(family instanceof Gauge)) return;
  empty(family, definition);
  if (definition.startsAtZero) for (const labels of sets) family.set(labels, 0);
}

/** A gauge without labels would stay at 0 after a reset: its one series has to be removed. */
function empty(family: Gauge, definition: MetricDefinition): void {
  if (Object.keys(definition.labels).length === 0) family.remove();
  else family.reset();
}

function meterOver(
  families: ReadonlyMap<string, Family>,
  options: { readonly role: MetricRole; readonly labelValues: LabelValues },
): Meter {
  function familyOf<Type extends Family>(
    name: MetricName,
    types: readonly (abstract new (...args: never[]) => Type)[],
    labels: MetricLabels,
  ): Type {
    const family = families.get(name);
    if (family === undefined) {
      throw new TypeError(
        name in METRICS
          ? `${name} belongs to ${METRICS[name].roles.join(' and ')}, not to ${options.role}`
          : `${name} is not in the catalogue (src/domain/metrics.ts)`,
      );
    }
    checkLabels(name, METRICS[name], labels, options.labelValues);
    for (const type of types) if (family instanceof type) return family;
    throw new TypeError(`${name} is a ${METRICS[name].type}: that can't be done with it`);
  }
  return {
    increment(name, labels = {}, by = 1) {
      familyOf(name, [Counter], labels).inc(labels, by);
    },
    observe(name, value, labels = {}) {
      familyOf<Histogram | Summary>(name, [Histogram, Summary], labels).observe(labels, value);
    },
    set(name, value, labels = {}) {
      if (!Number.isFinite(value)) {
        throw new TypeError(
          `${name}: expected a finite number, got ${value}; clear what is not defined`,
        );
      }
      familyOf(name, [Gauge], labels).set(labels, value);
    },
    clear(name) {
      const family = families.get(name);
      if (!(family instanceof Gauge)) throw new TypeError(`${name} is no gauge of ${options.role}`);
      empty(family, METRICS[name]);
    },
  };
}
