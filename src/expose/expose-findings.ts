import type { Meter } from '../ports/meter.ts';
import type { RunStore } from '../ports/store/run-store.ts';

/** What the sync last found out: labels kept although their tasks are gone, and whether pictures open. */
export async function exposeFindings(
  meter: Meter,
  store: Pick<RunStore, 'finding'>,
): Promise<void> {
  const reconciliation = await store.finding('reconciliation');
  for (const [project, count] of Object.entries(reconciliation?.kept ?? {}))
    meter.set('truthloop_labels_kept', count, { project });
  const check = await store.finding('picture_check');
  if (check !== null) meter.set('truthloop_picture_reachable', Number(check.problem === null));
}
