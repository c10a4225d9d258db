import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { WindowName } from '../domain/window.ts';
import type { EstimateStore } from '../ports/store.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DAYS_SHOWN = 30;
const POINTS_MAX = 100;
/** Runs are seconds apart, old estimates an hour: the first look that finds something is taken. */
const LOOKS_MS = [2 * MINUTE_MS, 65 * MINUTE_MS];

/**
 * The last estimate of each of at most a hundred equal stretches of the last 30 days, oldest first: a page must not read
 * the thousands in between.
 * @param since when the version's first prediction came, ms
 */
export async function readHistory(
  store: Pick<EstimateStore, 'estimateHistory'>,
  version: ModelVersion,
  window: WindowName,
  times: { readonly since: number; readonly now: number },
): Promise<readonly AccuracyEstimate[]> {
  const from = Math.max(times.since, times.now - DAYS_SHOWN * DAY_MS);
  const step = Math.max(5 * MINUTE_MS, (times.now + 1 - from) / POINTS_MAX);
  const ends: number[] = [];
  for (let end = times.now + 1; end > from; end -= step) ends.push(end);
  const found = await Promise.all(
    ends.reverse().map((end) => lastBefore(store, version, window, { end, step })),
  );
  return found.filter((one) => one !== null);
}

async function lastBefore(
  store: Pick<EstimateStore, 'estimateHistory'>,
  version: ModelVersion,
  window: WindowName,
  { end, step }: { readonly end: number; readonly step: number },
): Promise<AccuracyEstimate | null> {
  for (const look of [...LOOKS_MS.filter((one) => one < step), step]) {
    const found = await store.estimateHistory(version, window, end - look, end);
    const last = found.at(-1);
    if (last !== undefined) return last;
  }
  return null;
}
