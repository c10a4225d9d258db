import type { VersionComparison } from '../domain/comparison.ts';
import type { AccuracyEstimate } from '../domain/estimate.ts';
import { ofWindows } from '../domain/window.ts';
import type { WebContext } from './web-context.ts';

/** The newest estimates and comparisons of the windows that are set. */
export async function readAccuracy({
  store,
  settings,
}: Pick<WebContext, 'store' | 'settings'>): Promise<{
  readonly estimates: readonly AccuracyEstimate[];
  readonly comparisons: readonly VersionComparison[];
}> {
  const [estimates, comparisons] = await Promise.all([
    store.latestEstimates(),
    store.finding('comparisons'),
  ]);
  return {
    estimates: ofWindows(estimates, settings.windows),
    comparisons: ofWindows(comparisons ?? [], settings.windows),
  };
}
