import type { LabelFree } from '../domain/estimate.ts';
import { HISTOGRAM_BINS, type PopulationDay } from '../domain/population.ts';
import { dayOf, type Window } from '../domain/window.ts';
import type { PopulationSums } from './population-sums.ts';

/** CBPE: what the model's own confidence promises. It needs no labels and sees no error beyond it. */
export function labelFree(
  sums: PopulationSums,
  map: ((confidence: number) => number) | null,
  histogram: Float64Array,
): LabelFree | null {
  if (sums.predictions === 0) return null;
  const seen = histogram.reduce((total, count) => total + count, 0);
  if (map === null || seen === 0)
    return { value: sums.confidence / sums.predictions, isCalibrated: false };
  const mapped = histogram.reduce(
    (total, count, bin) => total + count * map((bin + 0.5) / HISTOGRAM_BINS),
    0,
  );
  return { value: mapped / seen, isCalibrated: true };
}

/** Confidence of the traffic; days are whole, also where the window begins or ends inside of one. */
export function histogramOf(days: readonly PopulationDay[], window: Window): Float64Array {
  const sum = new Float64Array(HISTOGRAM_BINS);
  for (const { from, histogram } of days) {
    const isTouched = window.name === 'all' || from >= dayOf(window.from);
    if (!isTouched || from >= window.to) continue;
    histogram.forEach((count, bin) => {
      sum[bin] = (sum[bin] ?? 0) + count;
    });
  }
  return sum;
}
