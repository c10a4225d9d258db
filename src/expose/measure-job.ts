import type { Clock } from '../ports/clock.ts';
import type { Meter } from '../ports/meter.ts';

/** The parts of a sync run that are measured on their own; `run` is the whole. */
export type SyncJob =
  'run' | 'select' | 'push' | 'pull' | 'estimate' | 'reconcile' | 'house' | 'retrain';

/**
 * Runs a job and counts, times and dates it by how it ended.
 * @returns what the job returned
 * @throws what the job threw, after counting it
 */
export async function measureJob<Result>(
  { meter, clock }: { readonly meter: Meter; readonly clock: Clock },
  job: SyncJob,
  action: () => Promise<Result>,
): Promise<Result> {
  const startedAt = clock.now();
  const finish = (result: 'success' | 'failure'): void => {
    meter.increment('truthloop_sync_runs_total', { job, result });
    meter.observe('truthloop_sync_duration_seconds', (clock.now() - startedAt) / 1000, { job });
  };
  try {
    const result = await action();
    finish('success');
    meter.set('truthloop_sync_last_success_timestamp_seconds', clock.now() / 1000, { job });
    return result;
  } catch (error) {
    finish('failure');
    throw error;
  }
}
