import type { VersionComparison } from '../../src/domain/comparison.ts';
import { modelVersion } from '../../src/domain/ids.ts';

/** Two versions compared, with a difference; override what the test is about. */
export const aComparison = (changes: Partial<VersionComparison> = {}): VersionComparison => ({
  modelVersion: modelVersion('v2'),
  baselineVersion: modelVersion('v1'),
  window: '7d',
  from: 0,
  to: 7 * 86_400_000,
  asOf: 7 * 86_400_000,
  answered: 900,
  differ: 45,
  selected: 30,
  labels: 25,
  difference: { value: 0.012, lower: 0.002, upper: 0.021 },
  mcNemarP: 0.04,
  ...changes,
});
