import type { Calibration } from '../domain/estimate.ts';
import type { LabelledUnit } from './labelled-unit.ts';
import { brierScore, fitTemperature, type LogitRow, logLoss } from './proper-scores.ts';
import {
  debiasedCalibrationError,
  expectedCalibrationError,
  maximumCalibrationError,
  reliabilityBins,
} from './reliability-bins.ts';
import { sumOver } from './weights.ts';

const LEAST_LABELS = 10;
const LEAST_FOR_TEMPERATURE = 50;
const PROBABILITY_MIN = 1e-15;

/**
 * How far the model's confidence can be taken at its word.
 * @param sample labelled units
 * @param histogram HISTOGRAM_BINS counts of the confidence of all traffic
 * @returns null with fewer than 10 labels
 * @see docs/statistics.md, "Calibration"
 */
export function calibration(
  sample: readonly LabelledUnit[],
  histogram: Float64Array,
): Calibration | null {
  if (sample.length < LEAST_LABELS) return null;
  const scored = sample.map(({ a, m, pi }) => ({ a, m, weight: 1 / pi }));
  const { bins, gaps } = reliabilityBins(sample, histogram);
  if (bins.length === 0) return null;
  return {
    brier: brierScore(scored),
    logLoss: logLoss(scored),
    bins,
    ece: expectedCalibrationError(gaps),
    eceDebiased: debiasedCalibrationError(gaps),
    mce: maximumCalibrationError(gaps),
    temperature: temperature(sample),
  };
}

/** From units that came with all probabilities and whose truth is among the model's classes. */
function temperature(sample: readonly LabelledUnit[]): number | null {
  // A version has one list of classes; a unit that came with another one can't be put beside the rest.
  const all = sample.flatMap(rowOf);
  const classes = all[0]?.logits.length ?? 0;
  const rows = all.filter(({ logits }) => logits.length === classes);
  return rows.length < LEAST_FOR_TEMPERATURE ? null : fitTemperature(rows);
}

function rowOf({ unit, shares, pi }: LabelledUnit): readonly LogitRow[] {
  const { probabilities } = unit;
  if (probabilities === null) return [];
  const classes = Object.keys(probabilities).sort();
  const truth = classes.map((name) => shares[name] ?? 0);
  const known = sumOver(truth, (share) => share);
  if (known < 1 - 1e-9) return [];
  const logits = classes.map((name) =>
    Math.log(Math.max(PROBABILITY_MIN, probabilities[name] ?? 0)),
  );
  return [{ logits, truth, weight: 1 / pi }];
}
