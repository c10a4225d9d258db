import type { ModelVersion } from './ids.ts';

/** What the test of one model version said before its release, to be drawn beside production. */
export interface OfflineResult {
  readonly modelVersion: ModelVersion;
  readonly dataset: string;
  /** At least 1. */
  readonly n: number;
  readonly right: number;
}
