import type { PastEstimate } from '../domain/estimate.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { WindowName } from '../domain/window.ts';
import type { EstimateStore } from '../ports/store/estimate-store.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAYS_SHOWN = 30;
const POINTS_MAX = 100;

/**
 * The last estimate of each of at most a hundred equal stretches of the last 30 days, oldest first: more can't be told apart
 * in a chart.
 * @param since when the version's first prediction came, ms
 */
export async function readHistory(
  store: Pick<EstimateStore, 'estimateHistory'>,
  version: ModelVersion,
  window: WindowName,
  { since, now }: { readonly since: number; readonly now: number },
): Promise<readonly PastEstimate[]> {
  const from = Math.max(since, now - DAYS_SHOWN * DAY_MS);
  const step = Math.max(5 * MINUTE_MS, (now + 1 - from) / POINTS_MAX);
  const found = await store.estimateHistory(version, window, from, now + 1);
  // Counted back from now, so that the newest estimate is always among them.
  const stretchOf = ({ asOf }: PastEstimate): number => Math.floor((now - asOf) / step);
  return [...new Map(found.map((one) => [stretchOf(one), one])).values()];
}
