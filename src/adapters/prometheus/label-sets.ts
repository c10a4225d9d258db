import type { LabelSet, MetricDefinition, MetricRole } from '../../domain/metrics.ts';
import type { MetricLabels } from '../../ports/meter.ts';

/** Label values that only the deployment knows. What a role does not serve may be left out. */
export interface LabelValues {
  readonly classes?: readonly string[];
  /** The role's routes: their series are there, at 0, before the first request. */
  readonly handlers?: readonly { readonly handler: string; readonly method: string }[];
}

/** Statuses worth a 0 from the start: alerts divide by them. */
const STARTING_STATUSES = ['2xx', '4xx', '5xx'];

/** The label sets of a family that are there before anything happened. */
export function startingLabelSets(
  name: string,
  definition: MetricDefinition,
  { role, labelValues }: { readonly role: MetricRole; readonly labelValues: LabelValues },
): LabelSet[] {
  if (definition.start !== undefined) return [...(definition.start[role] ?? [])];
  if (definition.labels['handler'] === 'handlers') return routeSets(name, definition, labelValues);
  let sets: LabelSet[] = [{}];
  for (const [label, values] of Object.entries(definition.labels)) {
    const known = closedSet(values, labelValues);
    sets = sets.flatMap((set) => (known ?? []).map((value) => ({ ...set, [label]: value })));
  }
  return sets;
}

function routeSets(name: string, definition: MetricDefinition, values: LabelValues): LabelSet[] {
  const routes = values.handlers ?? [];
  if (name === 'http_requests_total') {
    return routes.flatMap((route) => STARTING_STATUSES.map((status) => ({ ...route, status })));
  }
  if ('method' in definition.labels) return routes.map((route) => ({ ...route }));
  return [];
}

/** The values that the label may take, or undefined where they can't be known beforehand. */
function closedSet(
  values: MetricDefinition['labels'][string],
  deployment: LabelValues,
): readonly string[] | undefined {
  if (typeof values !== 'string') return values;
  return values === 'classes' ? (deployment.classes ?? []) : undefined;
}

/** @throws TypeError when a label is missing, unknown, or has a value outside its closed set: a programming error. */
export function checkLabels(
  name: string,
  definition: MetricDefinition,
  labels: MetricLabels,
  values: LabelValues,
): void {
  const expected = Object.keys(definition.labels);
  const given = Object.keys(labels);
  if (given.length !== expected.length || given.some((label) => !expected.includes(label))) {
    throw new TypeError(`${name} has the labels [${expected.join()}], got [${given.join()}]`);
  }
  for (const [label, allowed] of Object.entries(definition.labels)) {
    const closed = closedSet(allowed, values);
    const value = labels[label] ?? '';
    if (closed !== undefined && !closed.includes(value)) {
      throw new TypeError(`${name}: ${label}="${value}" is none of ${closed.join(', ')}`);
    }
  }
}
