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

/** Weighted log loss of softmax(logits / temperature). */
export function temperedLogLoss(rows: readonly LogitRow[], temperature: number): number {
  const loss = sumOver(rows, ({ logits, truth, weight }) => {
    const scaled = logits.map((value) => value / temperature);
    const largest = Math.max(...scaled);
    const norm = largest + Math.log(sumOver(scaled, (value) => Math.exp(value - largest)));
    return (
      weight *
      sumOver(
        truth.map((share, k) => share * (norm - (scaled[k] ?? 0))),
        (x) => x,
      )
    );
  });
  return loss / sumOver(rows, ({ weight }) => weight);
}

/**
 * The temperature that makes the probabilities fit the labels best; above 1 the model is over-confident.
 * @returns within e^-3 .. e^3
 * @see Guo, Pleiss, Sun & Weinberger (2017)
 */
export const fitTemperature = (rows: readonly LogitRow[]): number =>
  Math.exp(
    goldenSection(
      (logT) => temperedLogLoss(rows, Math.exp(logT)),
      -LOG_TEMPERATURE_MAX,
      LOG_TEMPERATURE_MAX,
      TOLERANCE,
    ),
  );
