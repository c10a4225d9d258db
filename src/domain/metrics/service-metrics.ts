import { defineMetrics, type LabelSet, type MetricRole } from './definition.ts';

const EVERY = ['web', 'classifier', 'sync'] as const;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'OTHER'] as const;

/** Which role calls which dependency for what. */
const DEPENDENCY_OPERATIONS: Readonly<
  Record<MetricRole, Readonly<Record<string, readonly string[]>>>
> = {
  // Web reads the queues of annotators' projects.
  web: { classifier: ['classify', 'ready'], label_studio: ['read', 'write'] },
  classifier: {},
  sync: { label_studio: ['read', 'write'] },
};
const RESULTS = ['success', 'failure'] as const;
const CIRCUIT_STATES = ['closed', 'half_open', 'open'] as const;

/** One label set for each operation, or each dependency when `more` names states rather than results. */
function startOf(role: MetricRole, more: (dependency: string, operation: string) => LabelSet[]) {
  return Object.entries(DEPENDENCY_OPERATIONS[role]).flatMap(([dependency, operations]) =>
    operations.flatMap((operation) => more(dependency, operation)),
  );
}
const startPerRole = (more: (dependency: string, operation: string) => LabelSet[]) => ({
  web: startOf('web', more),
  sync: startOf('sync', more),
});
const DEPENDENCIES = ['classifier', 'label_studio'] as const;
const OPERATIONS = [
  ...new Set(
    Object.values(DEPENDENCY_OPERATIONS).flatMap((byRole) => Object.values(byRole).flat()),
  ),
];

/** What every role says of its HTTP traffic, its build and what it depends on. */
export const SERVICE_METRICS = defineMetrics({
  http_requests_total: {
    type: 'counter',
    help: 'HTTP requests answered, by route, method and class of status.',
    roles: EVERY,
    labels: { handler: 'handlers', method: METHODS, status: ['1xx', '2xx', '3xx', '4xx', '5xx'] },
  },
  http_request_duration_seconds: {
    type: 'histogram',
    help: 'Time from the arrival of a request to the end of its answer, by route and method.',
    roles: EVERY,
    labels: { handler: 'handlers', method: METHODS },
    buckets: [0.05, 0.1, 0.25, 0.3, 0.5, 1, 2.5, 5],
  },
  http_request_duration_highr_seconds: {
    type: 'histogram',
    help: 'Time from the arrival of a request to the end of its answer, all routes together, in fine steps.',
    roles: EVERY,
    labels: {},
    buckets: [
      0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10,
      30, 60,
    ],
  },
  http_request_size_bytes: {
    type: 'summary',
    help: 'Size of request bodies as announced by Content-Length, by route.',
    roles: EVERY,
    labels: { handler: 'handlers' },
  },
  http_response_size_bytes: {
    type: 'summary',
    help: 'Size of response bodies as announced by Content-Length, by route.',
    roles: EVERY,
    labels: { handler: 'handlers' },
  },
  truthloop_build_info: {
    type: 'gauge',
    help: 'Which build runs: always 1.',
    roles: EVERY,
    labels: { version: 'facts', revision: 'facts' },
  },
  truthloop_dependency_requests_total: {
    type: 'counter',
    help: 'Calls to what this role depends on, by how they ended.',
    roles: ['web', 'sync'],
    labels: { dependency: DEPENDENCIES, operation: OPERATIONS, result: RESULTS },
    start: startPerRole((dependency, operation) =>
      RESULTS.map((result) => ({ dependency, operation, result })),
    ),
  },
  truthloop_dependency_request_duration_seconds: {
    type: 'histogram',
    help: 'Time that calls to what this role depends on took.',
    roles: ['web', 'sync'],
    labels: { dependency: DEPENDENCIES, operation: OPERATIONS },
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    start: startPerRole((dependency, operation) => [{ dependency, operation }]),
  },
  truthloop_circuit_state: {
    type: 'gauge',
    help: 'The circuit (breaker) in front of a dependency: 1 for the state that it is in, 0 for the others.',
    roles: ['web', 'sync'],
    labels: { dependency: [...DEPENDENCIES, 'objects'], state: CIRCUIT_STATES },
  },
});
