import {
  CELL_FIELD_INDEX,
  CELL_FIELDS,
  CONFIDENCE_BINS,
  PATTERNS,
  type PopulationBlock,
} from '../domain/population.ts';
import type { Population } from './population-spread.ts';
import type { ResponseRate } from './response-rates.ts';

const CELLS = PATTERNS.length * CONFIDENCE_BINS;
const WIDTH = CELL_FIELDS.length;
const { n, c, decided, decidedC, invPi, cInvPi, invQ } = CELL_FIELD_INDEX;

/**
 * Sums over a part of a window's population.
 * Predictions recorded but not yet decided have no inclusion probability: they are counted (`predictions`), but estimates
 * speak of the decided ones, for which alone the labels can stand.
 */
export interface PopulationSums {
  /** All recorded. */
  predictions: number;
  /** Their summed confidence. */
  confidence: number;
  decided: number;
  decidedConfidence: number;
  /** Per cell (pattern x confidence bin): sum of (1/pi - 1), of c (1/pi - 1), and of (1/q - 1). */
  readonly spread: Float64Array;
  readonly spreadC: Float64Array;
  readonly spreadQ: Float64Array;
}

/** Sums of nothing. */
export const emptySums = (): PopulationSums => ({
  predictions: 0,
  confidence: 0,
  decided: 0,
  decidedConfidence: 0,
  spread: new Float64Array(CELLS),
  spreadC: new Float64Array(CELLS),
  spreadQ: new Float64Array(CELLS),
});

export interface ResponseRates {
  readonly pi: ResponseRate;
  readonly q: ResponseRate;
}

/** Adds one block; its inverse sums are divided by the response rates of pattern and day. */
export function addBlock(sums: PopulationSums, block: PopulationBlock, rates: ResponseRates): void {
  for (let pattern = 0; pattern < PATTERNS.length; pattern += 1) {
    const ratePi = rates.pi(pattern, block.from);
    const rateQ = rates.q(pattern, block.from);
    for (let bin = 0; bin < CONFIDENCE_BINS; bin += 1)
      addCell(sums, block.sums, pattern * CONFIDENCE_BINS + bin, ratePi, rateQ);
  }
}

function addCell(
  sums: PopulationSums,
  values: Float64Array,
  cell: number,
  ratePi: number,
  rateQ: number,
): void {
  const at = cell * WIDTH;
  const recorded = values[at + n] ?? 0;
  if (recorded === 0) return;
  const known = values[at + decided] ?? 0;
  const knownC = values[at + decidedC] ?? 0;
  sums.predictions += recorded;
  sums.confidence += values[at + c] ?? 0;
  sums.decided += known;
  sums.decidedConfidence += knownC;
  add(sums.spread, cell, (values[at + invPi] ?? 0) / ratePi - known);
  add(sums.spreadC, cell, (values[at + cInvPi] ?? 0) / ratePi - knownC);
  add(sums.spreadQ, cell, (values[at + invQ] ?? 0) / rateQ - known);
}

function add(target: Float64Array, cell: number, value: number): void {
  target[cell] = (target[cell] ?? 0) + value;
}

/** The population of the default estimator. */
export function populationOf(sums: PopulationSums): Population {
  const spread = Array.from(sums.spread, (weight, cell) => ({
    // Sums of inverses of probabilities near 1 may come out a rounding error below 0.
    weight: Math.max(0, weight),
    meanProxy: weight > 0 ? (sums.spreadC[cell] ?? 0) / weight : 0,
  }));
  return { ...sizeAndMean(sums), spread: spread.filter(({ weight }) => weight > 0) };
}

/** The population of the random part: one chance of being right for every unit, so the confidences do not matter. */
export function randomPopulationOf(sums: PopulationSums): Population {
  const weight = sums.spreadQ.reduce((total, value) => total + Math.max(0, value), 0);
  return { ...sizeAndMean(sums), spread: weight > 0 ? [{ weight, meanProxy: 0 }] : [] };
}

const sizeAndMean = (sums: PopulationSums): Pick<Population, 'size' | 'meanProxy'> => ({
  size: sums.decided,
  meanProxy: sums.decided > 0 ? sums.decidedConfidence / sums.decided : 0,
});
