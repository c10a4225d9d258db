import type { OfflineResult } from '../domain/offline-result.ts';

/** What the release test of this very version said; null when nothing is known. */
export const offlineResultOf = (
  offline: readonly OfflineResult[],
  modelVersion: string,
): OfflineResult | null => offline.find((result) => result.modelVersion === modelVersion) ?? null;

/** @returns the share of right ones before release; null when nothing is known */
export function offlineAccuracy(
  offline: readonly OfflineResult[],
  modelVersion: string,
): number | null {
  const result = offlineResultOf(offline, modelVersion);
  return result && result.right / result.n;
}
