import type { DriftSignal } from '../../domain/metrics/drift-metrics.ts';
import {
  benjaminiHochberg,
  chiSquareTest,
  kolmogorovSmirnov,
  mergeRareClasses,
  populationStabilityIndex,
} from '../../estimate/drift.ts';
import { meanDiscrepancyTest } from '../../estimate/mean-discrepancy.ts';
import type { DriftRow } from './drift-sample.ts';

/** One comparison of a window with the reference. */
export interface DriftReport {
  readonly signals: readonly {
    readonly signal: DriftSignal;
    readonly statistic: number;
    readonly p: number;
    readonly isDrift: boolean;
  }[];
  readonly stabilityIndex: number;
  readonly hasDrift: boolean;
}

/** Share of false alarms among alarms that is accepted: a window like the reference is called another one time in a hundred. */
const LEVEL = 0.01;
/** Smallest p is 1/400, below LEVEL / 3: the embedding alone can raise the alarm. */
const PERMUTATIONS = 399;

/**
 * Compares a window of predictions with the reference: embeddings (MMD), confidences (Kolmogorov-Smirnov) and the mix of
 * predicted classes (chi-square). docs/statistics.md, "Drift".
 * @param uniform draws in [0, 1), for the permutations
 */
export function compareSamples(
  reference: readonly DriftRow[],
  window: readonly DriftRow[],
  classes: readonly string[],
  uniform: () => number,
): DriftReport {
  const counts = (rows: readonly DriftRow[]): number[] =>
    classes.map((name) => rows.filter(({ predictedClass }) => predictedClass === name).length);
  const [expected, found] = [counts(reference), counts(window)];
  const tests = [
    { signal: 'embedding' as const, test: compareEmbeddings(reference, window, uniform) },
    {
      signal: 'confidence' as const,
      test: kolmogorovSmirnov(
        reference.map(({ confidence }) => confidence),
        window.map(({ confidence }) => confidence),
      ),
    },
    { signal: 'class_mix' as const, test: compareMix(expected, found) },
  ].flatMap(({ signal, test }) => (test === null ? [] : [{ signal, ...test }]));
  const alarms = benjaminiHochberg(
    tests.map(({ p }) => p),
    LEVEL,
  );
  const signals = tests.map(({ signal, statistic, p }, index) => ({
    signal,
    statistic,
    p,
    isDrift: alarms[index] === true,
  }));
  return {
    signals,
    stabilityIndex: populationStabilityIndex(expected, found),
    hasDrift: alarms.includes(true),
  };
}

function compareMix(
  expected: readonly number[],
  found: readonly number[],
): ReturnType<typeof chiSquareTest> {
  const merged = mergeRareClasses(expected, found);
  return chiSquareTest(merged.reference, merged.current);
}

function compareEmbeddings(
  reference: readonly DriftRow[],
  window: readonly DriftRow[],
  uniform: () => number,
): { readonly statistic: number; readonly p: number } | null {
  const x = reference.flatMap(({ embedding }) => (embedding === null ? [] : [embedding]));
  const y = window.flatMap(({ embedding }) => (embedding === null ? [] : [embedding]));
  if (x.length < 2 || y.length < 2) return null;
  const orders = Array.from({ length: PERMUTATIONS }, () => shuffled(x.length + y.length, uniform));
  return meanDiscrepancyTest(x, y, orders);
}

/** @see Fisher & Yates; Durstenfeld (1964) */
function shuffled(length: number, uniform: () => number): number[] {
  const order = Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = Math.floor(uniform() * (last + 1));
    [order[last], order[other]] = [order[other] ?? 0, order[last] ?? 0];
  }
  return order;
}
