import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { ModelVersion } from '../domain/ids.ts';

/** Series stay bounded: older versions are in the API and on the accuracy page. */
const VERSIONS_MAX = 5;

/**
 * The model versions that metrics show: those with predictions whose traffic began last.
 * @param estimates any windows of any versions; the start of `all` (or, without it, of the longest window) says when traffic began
 * @returns at most five, the newest first; equally new ones by how much traffic they have
 */
export function newestVersions(estimates: readonly AccuracyEstimate[]): ModelVersion[] {
  const began = new Map<ModelVersion, { from: number; predictions: number }>();
  for (const { modelVersion, from, predictions } of estimates) {
    if (predictions === 0) continue;
    const known = began.get(modelVersion);
    if (known === undefined || from < known.from) began.set(modelVersion, { from, predictions });
  }
  return [...began]
    .sort(([, a], [, b]) => b.from - a.from || b.predictions - a.predictions)
    .slice(0, VERSIONS_MAX)
    .map(([version]) => version);
}
