import { sumOver } from './weights.ts';

/** Rows of equal length: one embedding each. */
export type Rows = readonly (readonly number[])[];

export interface Discrepancy {
  /** Unbiased squared maximum mean discrepancy; may be below 0. */
  readonly statistic: number;
  readonly sigma: number;
}

export interface DiscrepancyTest extends Discrepancy {
  readonly p: number;
}

/**
 * How far two sets of embeddings lie apart, by a Gaussian kernel.
 * @param sigma width of the kernel; left out: from the median of squared distances
 * @see Gretton et al. (2012)
 */
export function meanDiscrepancy(x: Rows, y: Rows, sigma?: number): Discrepancy {
  const distances = squaredDistances([...x, ...y]);
  const width = sigma ?? medianWidth(distances);
  return { statistic: statisticOf(kernelOf(distances, width), x.length), sigma: width };
}

/**
 * The same with a permutation p-value. One kernel matrix, its indices permuted.
 * @param permutations of the pooled rows' indices, drawn by the caller; 199 or 999 are usual
 * @returns p = (1 + permutations with a statistic at least as large) / (permutations + 1)
 */
export function meanDiscrepancyTest(
  x: Rows,
  y: Rows,
  permutations: readonly (readonly number[])[],
): DiscrepancyTest {
  const distances = squaredDistances([...x, ...y]);
  const sigma = medianWidth(distances);
  const kernel = kernelOf(distances, sigma);
  const statistic = statisticOf(kernel, x.length);
  const asLarge = permutations.filter(
    (order) => statisticOf(kernel, x.length, order) >= statistic,
  ).length;
  return { statistic, sigma, p: (1 + asLarge) / (permutations.length + 1) };
}

interface SquareMatrix {
  readonly size: number;
  readonly values: Float64Array;
}

function squaredDistances(rows: Rows): SquareMatrix {
  const size = rows.length;
  const values = new Float64Array(size * size);
  rows.forEach((row, i) => {
    for (let j = 0; j < i; j += 1) {
      const other = rows[j] ?? [];
      let sum = 0;
      for (let k = 0; k < row.length; k += 1) sum += ((row[k] ?? 0) - (other[k] ?? 0)) ** 2;
      values[i * size + j] = sum;
      values[j * size + i] = sum;
    }
  });
  return { size, values };
}

/**
 * Half the median of the pooled squared distances, as alibi-detect takes it (the zero self-distances come first). It is 0
 * where most rows are the same: then half the median of the distances that are not, and any width where none is.
 */
function medianWidth({ size, values }: SquareMatrix): number {
  const sorted = Float64Array.from(values).sort();
  const medianFrom = (first: number): number =>
    sorted[first + Math.floor((sorted.length - first) / 2) - 1] ?? 0;
  const firstApart = sorted.findIndex((distance) => distance > 0);
  return firstApart < 0 ? 1 : Math.sqrt((medianFrom(size) || medianFrom(firstApart)) / 2);
}

const kernelOf = ({ size, values }: SquareMatrix, sigma: number): SquareMatrix => ({
  size,
  values: values.map((distance) => Math.exp(-distance / (2 * sigma ** 2))),
});

/** @param order which row stands at each place; the first `n` are one side */
function statisticOf(
  { size, values }: SquareMatrix,
  n: number,
  order: readonly number[] = Array.from({ length: size }, (_, i) => i),
): number {
  const m = size - n;
  let [within, among, between] = [0, 0, 0];
  for (let i = 0; i < size; i += 1) {
    const row = (order[i] ?? 0) * size;
    for (let j = 0; j < i; j += 1) {
      const value = values[row + (order[j] ?? 0)] ?? 0;
      if (i < n) within += value;
      else if (j >= n) among += value;
      else between += value;
    }
  }
  return sumOver(
    [(2 * within) / (n * (n - 1)), (2 * among) / (m * (m - 1)), (-2 * between) / (n * m)],
    (term) => term,
  );
}
