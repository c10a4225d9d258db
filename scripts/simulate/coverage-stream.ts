import type { Chance } from './chance.ts';

/** Predictions of one simulated stream; the truth is known. */
export const STREAM_SIZE = 20_000;
export const STREAM_CLASSES = 11;
export const LOW_CONFIDENCE_THRESHOLD = 0.6;

const SHARP = 1.5;
const MEAN_LOG_SCALE = 2.1;
const SD_LOG_SCALE = 0.75;
const FLAG_RECALL = 0.3;
const FLAG_PRECISION = 0.8;

/** A stream: one entry per prediction in each list. */
export interface Stream {
  readonly confidence: Float64Array;
  /** 1 where the model was right. */
  readonly right: Uint8Array;
  readonly predicted: Uint8Array;
  readonly truth: Uint8Array;
  readonly flagged: Uint8Array;
  /** Stands for the permanent random number. */
  readonly u: Float64Array;
  /** Share of right ones: what an estimate should find. */
  readonly accuracy: number;
}

const LOG_PRIOR = (() => {
  const weights = Array.from({ length: STREAM_CLASSES }, (_, k) => 1 / (k + 3));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => Math.log(weight / total));
})();

/**
 * Eleven classes, an over-confident model (mean confidence 0.883 at accuracy 0.821), confident mistakes that no confidence
 * can see, and flags that find 30 % of the errors and are right in 80 %.
 * @param noise share of truths replaced at random; 0.2 is a model that degraded while its confidence did not
 */
export function drawStream(chance: Chance, noise = 0.015): Stream {
  const size = STREAM_SIZE;
  const confidence = new Float64Array(size);
  const right = new Uint8Array(size);
  const predicted = new Uint8Array(size);
  const truth = new Uint8Array(size);
  const row = new Float64Array(STREAM_CLASSES);
  let rightCount = 0;
  for (let i = 0; i < size; i += 1) {
    drawRow(chance, row);
    predicted[i] = likeliest(row);
    confidence[i] = overconfidence(row);
    truth[i] =
      chance.uniform() < noise ? chance.integer(0, STREAM_CLASSES) : drawTruth(chance, row);
    right[i] = predicted[i] === truth[i] ? 1 : 0;
    rightCount += right[i] ?? 0;
  }
  const accuracy = rightCount / size;
  const flagged = drawFlags(chance, right, 1 - accuracy);
  const u = Float64Array.from({ length: size }, () => chance.uniform());
  return { confidence, right, predicted, truth, flagged, u, accuracy };
}

/** exp of the true log posterior less its largest. */
function drawRow(chance: Chance, row: Float64Array): void {
  const scale = Math.exp(MEAN_LOG_SCALE + SD_LOG_SCALE * chance.normal());
  let largest = -Infinity;
  for (let k = 0; k < STREAM_CLASSES; k += 1) {
    const value = scale * chance.normal() + (LOG_PRIOR[k] ?? 0);
    row[k] = value;
    if (value > largest) largest = value;
  }
  for (let k = 0; k < STREAM_CLASSES; k += 1) row[k] = Math.exp((row[k] ?? 0) - largest);
}

const likeliest = (row: Float64Array): number => row.indexOf(1);

/** What the model says: the posterior raised to the power SHARP. */
function overconfidence(row: Float64Array): number {
  let sum = 0;
  for (const value of row) sum += value ** SHARP;
  return Math.min(1 - 1e-9, Math.max(1e-9, 1 / sum));
}

function drawTruth(chance: Chance, row: Float64Array): number {
  let total = 0;
  for (const value of row) total += value;
  let left = chance.uniform() * total;
  for (let k = 0; k < STREAM_CLASSES - 1; k += 1) {
    left -= row[k] ?? 0;
    if (left < 0) return k;
  }
  return STREAM_CLASSES - 1;
}

function drawFlags(chance: Chance, right: Uint8Array, errors: number): Uint8Array {
  const falseRate =
    (((FLAG_RECALL * errors) / (1 - errors)) * (1 - FLAG_PRECISION)) / FLAG_PRECISION;
  return right.map((isRight) =>
    chance.uniform() < (isRight === 1 ? falseRate : FLAG_RECALL) ? 1 : 0,
  );
}
