import { goldenSection } from './golden-section.ts';
import { sumOver } from './weights.ts';

const PROBABILITY_MIN = 1e-15;
const LOG_TEMPERATURE_MAX = 3;
const TOLERANCE = 1e-10;

/** A labelled unit in the binary view: was the model right, and how sure was it? */
export interface Scored {
  /** Correctness, 1 or 0, or a vote share. */
  readonly a: number;
  /** Confidence, in [0, 1]. */
  readonly m: number;
  readonly weight: number;
}

const weightedMean = (items: readonly Scored[], f: (item: Scored) => number): number =>
  sumOver(items, (item) => item.weight * f(item)) / sumOver(items, ({ weight }) => weight);

/** Weighted Brier score of the confidence against being right; 0 is best. @see Brier (1950) */
export const brierScore = (items: readonly Scored[]): number =>
  weightedMean(items, ({ a, m }) => a * (m - 1) ** 2 + (1 - a) * m ** 2);

/** Weighted log loss, confidences clipped to [1e-15, 1 - 1e-15]; 0 is best. */
export const logLoss = (items: readonly Scored[]): number =>
  weightedMean(items, ({ a, m }) => {
    const p = Math.min(1 - PROBABILITY_MIN, Math.max(PROBABILITY_MIN, m));
    return -(a * Math.log(p) + (1 - a) * Math.log1p(-p));
  });

/** A labelled unit with the model's whole answer. */
export interface LogitRow {
  /** One per class; logarithms of probabilities serve as well. */
  readonly logits: readonly number[];
  /** Truth per class, sums to 1. */
  readonly truth: readonly number[];
  readonly weight: number;
}

/** Rows laid out for many passes: logits less their largest, one row after the other. */
interface Prepared {
  readonly classes: number;
  readonly shifted: Float64Array;
  /** Per row, the truth's mean of the shifted logits. */
  readonly aimed: Float64Array;
  readonly weights: Float64Array;
}

function prepare(rows: readonly LogitRow[]): Prepared {
  const classes = rows[0]?.logits.length ?? 0;
  const shifted = new Float64Array(rows.length * classes);
  const aimed = new Float64Array(rows.length);
  rows.forEach(({ logits, truth }, row) => {
    const largest = Math.max(...logits);
    logits.forEach((value, k) => {
      shifted[row * classes + k] = value - largest;
      aimed[row] = (aimed[row] ?? 0) + (truth[k] ?? 0) * (value - largest);
    });
  });
  return { classes, shifted, aimed, weights: Float64Array.from(rows, ({ weight }) => weight) };
}

function lossAt({ classes, shifted, aimed, weights }: Prepared, temperature: number): number {
  let [loss, total] = [0, 0];
  for (let row = 0; row < aimed.length; row += 1) {
    let sum = 0;
    for (let at = row * classes; at < (row + 1) * classes; at += 1)
      sum += Math.exp((shifted[at] ?? 0) / temperature);
    const weight = weights[row] ?? 0;
    loss += weight * (Math.log(sum) - (aimed[row] ?? 0) / temperature);
    total += weight;
  }
  return loss / total;
}

/** Weighted log loss of softmax(logits / temperature); all rows have the same classes. */
export const temperedLogLoss = (rows: readonly LogitRow[], temperature: number): number =>
  lossAt(prepare(rows), temperature);

/**
 * The temperature that makes the probabilities fit the labels best; above 1 the model is over-confident.
 * @param rows of the same classes
 * @returns within e^-3 .. e^3
 * @see Guo, Pleiss, Sun & Weinberger (2017)
 */
export function fitTemperature(rows: readonly LogitRow[]): number {
  const prepared = prepare(rows);
  const loss = (logT: number): number => lossAt(prepared, Math.exp(logT));
  return Math.exp(goldenSection(loss, -LOG_TEMPERATURE_MAX, LOG_TEMPERATURE_MAX, TOLERANCE));
}
