/** One metric family: what it counts or measures, in which unit, with which labels. */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  readonly role: 'web' | 'classifier' | 'sync' | 'every';
  /** Label name -> its closed set of values, or 'classes' | 'versions' | 'handlers' ... where the deployment knows them. */
  readonly labels: Readonly<Record<string, readonly string[] | string>>;
  readonly buckets?: readonly number[];
}

const define = <Names extends string>(
  definitions: Readonly<Record<Names, MetricDefinition>>,
): Readonly<Record<Names, MetricDefinition>> => definitions;

export const METRICS = define({
  truthloop_sync_runs_total: {
    type: 'counter',
    help: 'Sync runs by how they ended.',
    role: 'sync',
    labels: { job: ['run'], result: ['success', 'failure'] },
  },
});

export type MetricName = keyof typeof METRICS;
