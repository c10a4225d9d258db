import type { ReliabilityBin } from '../domain/estimate.ts';
import { HISTOGRAM_BINS, histogramBin } from '../domain/population.ts';
import { hajek } from './hajek.ts';
import { kishSize, type Observation, sumOver } from './weights.ts';
import { effectiveSize, wilson } from './wilson.ts';

const LEAST_LABELS = 5;
const BINS_MAX = 10;
const LABELS_PER_BIN = 10;

/** One bin as the calibration errors see it. */
export interface BinGap {
  /** Share of the traffic, in [0, 1]. */
  readonly share: number;
  readonly meanConfidence: number;
  readonly accuracy: number;
  /** Variance of that accuracy. */
  readonly variance: number;
}

/** Mean distance of accuracy and confidence; biased upwards with few labels. @see Naeini et al. (2015); Guo et al. (2017) */
export const expectedCalibrationError = (bins: readonly BinGap[]): number =>
  sumOver(
    bins,
    ({ share, accuracy, meanConfidence }) => share * Math.abs(accuracy - meanConfidence),
  );

/** Root of the mean squared distance, less what chance alone puts there. @see Kumar, Liang & Ma (2019) */
export const debiasedCalibrationError = (bins: readonly BinGap[]): number =>
  Math.sqrt(
    sumOver(
      bins,
      ({ share, accuracy, meanConfidence, variance }) =>
        share * Math.max(0, (accuracy - meanConfidence) ** 2 - variance),
    ),
  );

/** The largest distance. */
export const maximumCalibrationError = (bins: readonly BinGap[]): number =>
  Math.max(0, ...bins.map(({ accuracy, meanConfidence }) => Math.abs(accuracy - meanConfidence)));

interface Range {
  /** Histogram bins [from, to). */
  readonly from: number;
  readonly to: number;
  readonly units: readonly Observation[];
}

/**
 * The reliability diagram: bins of equal traffic, at most 10 and at least 5 labels in each.
 * @param sample labelled units
 * @param histogram HISTOGRAM_BINS counts of the confidence of all traffic
 * @returns shown bins and their gaps; empty with fewer than 10 labels
 */
export function reliabilityBins(
  sample: readonly Observation[],
  histogram: Float64Array,
): { readonly bins: readonly ReliabilityBin[]; readonly gaps: readonly BinGap[] } {
  const count = Math.min(BINS_MAX, Math.floor(sample.length / LABELS_PER_BIN));
  const total = histogram.reduce((sum, value) => sum + value, 0);
  if (count < 1 || total === 0) return { bins: [], gaps: [] };
  const ranges = mergeThin(rangesOf(equalMassEdges(histogram, count, total), sample));
  const filled = ranges.map((range) => ({ range, gap: gapOf(range, histogram, total) }));
  return {
    bins: filled.map(({ range, gap }) => shownBin(range, gap)),
    gaps: filled.map(({ gap }) => gap),
  };
}

/** Histogram positions that cut the traffic into `count` equal parts; a part may be empty and then falls away. */
function equalMassEdges(histogram: Float64Array, count: number, total: number): readonly number[] {
  const edges = [0];
  let seen = 0;
  histogram.forEach((value, bin) => {
    seen += value;
    if (edges.length < count && seen >= (edges.length * total) / count && bin + 1 < HISTOGRAM_BINS)
      edges.push(bin + 1);
  });
  return [...edges, HISTOGRAM_BINS];
}

const rangesOf = (edges: readonly number[], sample: readonly Observation[]): readonly Range[] =>
  edges.slice(0, -1).map((from, index) => {
    const to = edges[index + 1] ?? HISTOGRAM_BINS;
    const isInside = (m: number): boolean => histogramBin(m) >= from && histogramBin(m) < to;
    return { from, to, units: sample.filter(({ m }) => isInside(m)) };
  });

function mergeThin(ranges: readonly Range[]): readonly Range[] {
  const merged: Range[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && last.units.length < LEAST_LABELS)
      merged.push(join(merged.pop(), range));
    else merged.push(range);
  }
  const thin = merged.at(-1);
  if (merged.length > 1 && thin !== undefined && thin.units.length < LEAST_LABELS) {
    merged.pop();
    merged.push(join(merged.pop(), thin));
  }
  return merged;
}

const join = (a: Range | undefined, b: Range): Range =>
  a === undefined ? b : { from: a.from, to: b.to, units: [...a.units, ...b.units] };

function gapOf({ from, to, units }: Range, histogram: Float64Array, total: number): BinGap {
  const counts = histogram.subarray(from, to);
  const traffic = counts.reduce((sum, value) => sum + value, 0);
  const confidence = counts.reduce(
    (sum, value, bin) => sum + (value * (from + bin + 0.5)) / HISTOGRAM_BINS,
    0,
  );
  const { mean, variance } = hajek(units);
  return {
    share: traffic / total,
    meanConfidence: traffic > 0 ? confidence / traffic : (from + to) / 2 / HISTOGRAM_BINS,
    accuracy: mean,
    variance,
  };
}

function shownBin({ from, to, units }: Range, gap: BinGap): ReliabilityBin {
  const value = Math.min(1, Math.max(0, gap.accuracy));
  const size = effectiveSize(value, gap.variance, kishSize(units));
  const [lower, upper] = wilson(value, size);
  return {
    from: from / HISTOGRAM_BINS,
    to: to / HISTOGRAM_BINS,
    share: gap.share,
    meanConfidence: gap.meanConfidence,
    accuracy: { value, lower, upper, labels: units.length },
  };
}
