import type { Rates } from '../domain/prediction.ts';
import type { Policy } from '../domain/selection.ts';
import { solveIncreasing } from '../domain/solve-increasing.ts';
import {
  confidenceRate,
  smallestConfidenceRate,
  solveConfidenceDriven,
} from './confidence-rates.ts';
import type { ArrivalForecast, PatternCounts } from './forecast-arrivals.ts';

const FLOOR_SHARE = 0.4;
const BACKLOG_DAYS = 7;
const LEAST_BUDGET = 10;

/** How the budget is divided; what a share leaves unused becomes spare. */
export interface Shares {
  readonly random: number;
  readonly lowConfidence: number;
  readonly disputed: number;
}

export interface PolicyInput {
  readonly id: string;
  /** ms since the epoch. */
  readonly madeAt: number;
  readonly design: 'shares' | 'confidence';
  readonly shares: Shares;
  /** Tasks left of the UTC day's budget; below 0 counts as 0. */
  readonly budgetLeft: number;
  /** Predictions still to come today, per pattern. */
  readonly restOfDay: PatternCounts;
  /** HISTOGRAM_BINS counts of recent confidences; read by the confidence-driven design only. */
  readonly confidences: Float64Array;
}

/**
 * Rates for the predictions that are recorded from now on, from what is left of the day's budget and what is still to come.
 * @returns rates in [0, 1]; the confidence-driven ones follow from each prediction's confidence (ratesFor)
 * @see docs/statistics.md, "Rates"
 */
export function makePolicy(input: PolicyInput): Policy {
  const { id, madeAt, design } = input;
  const budgetLeft = Math.max(0, input.budgetLeft);
  if (design === 'shares')
    return {
      id,
      madeAt,
      design,
      ...shareRates(input.shares, budgetLeft, input.restOfDay),
      confidenceDriven: null,
    };
  const expected = input.restOfDay.reduce((sum, count) => sum + count, 0);
  const confidenceDriven = solveConfidenceDriven(budgetLeft, expected, input.confidences);
  const random = smallestConfidenceRate(confidenceDriven);
  return { id, madeAt, design, random, lowConfidence: 0, disputed: 0, spare: 0, confidenceDriven };
}

/** The policy before anything is known: no prediction forecast. */
export const firstPolicy = (
  input: Pick<PolicyInput, 'id' | 'madeAt' | 'design' | 'shares' | 'confidences'>,
): Policy => makePolicy({ ...input, budgetLeft: 0, restOfDay: [0, 0, 0, 0] });

const portion = (share: number, budgetLeft: number, expected: number): number =>
  expected === 0 ? 1 : Math.min(1, (share * budgetLeft) / expected);

/**
 * The four rates of the design by shares.
 * @param budgetLeft tasks, >= 0
 * @param restOfDay predictions still to come, per pattern
 */
export function shareRates(shares: Shares, budgetLeft: number, restOfDay: PatternCounts): Rates {
  const [plain, low, disputedOnly, both] = restOfDay;
  const expected = plain + low + disputedOnly + both;
  const random = shares.random * (expected === 0 ? 1 : Math.min(1, budgetLeft / expected));
  const lowConfidence = portion(shares.lowConfidence, budgetLeft, low + both);
  const disputed = portion(shares.disputed, budgetLeft, disputedOnly + both);
  const rates = { random, lowConfidence, disputed, spare: random };
  if (expected === 0) return { ...rates, spare: 1 };
  const tasks = (spare: number): number => expectedTasks({ ...rates, spare }, restOfDay);
  return { ...rates, spare: solveIncreasing(tasks, budgetLeft, random, 1) };
}

/** Tasks that these rates would make of this traffic. */
export function expectedTasks(rates: Rates, restOfDay: PatternCounts): number {
  const base = Math.max(rates.random, rates.spare);
  const [plain, low, disputed, both] = restOfDay;
  return (
    plain * base +
    low * Math.max(base, rates.lowConfidence) +
    disputed * Math.max(base, rates.disputed) +
    both * Math.max(base, rates.lowConfidence, rates.disputed)
  );
}

/**
 * The rates of one prediction, fixed when it is recorded.
 * @param prediction.confidence in [0, 1]
 */
export function ratesFor(
  policy: Policy,
  prediction: { readonly confidence: number; readonly isLowConfidence: boolean },
): Rates {
  const { confidence, isLowConfidence } = prediction;
  if (policy.confidenceDriven === null)
    return {
      random: policy.random,
      lowConfidence: isLowConfidence ? policy.lowConfidence : 0,
      disputed: policy.disputed,
      spare: policy.spare,
    };
  // One rate for everything: it only names the reason, so that the hard projects fill too.
  const rate = confidenceRate(policy.confidenceDriven, confidence);
  return {
    random: policy.random,
    lowConfidence: isLowConfidence ? rate : 0,
    disputed: rate,
    spare: rate,
  };
}

/** r: the rate that the design wants for a prediction whose batch comes now, the largest of those that apply. */
export const wantedRate = (rates: Rates, isDisputed: boolean): number =>
  Math.max(rates.random, rates.lowConfidence, rates.spare, isDisputed ? rates.disputed : 0);

/**
 * The rate below which no prediction's chance falls, spent budget or not.
 * @param budget tasks of the day
 * @returns in (0, 0.4]
 */
export function floorRate(
  budget: number,
  forecast: Pick<ArrivalForecast, 'wholeDay' | 'recordedToday'>,
): number {
  const traffic = Math.max(forecast.wholeDay, forecast.recordedToday);
  return FLOOR_SHARE * (traffic <= budget ? 1 : budget / traffic);
}

/**
 * Tasks of a UTC day: as configured, unless people fell behind by more than a week's budget; then what they do in a day.
 * @param input.labelsLastDay labels of the last 24 h
 */
export function budgetOfDay(input: {
  readonly configured: number;
  readonly openTasks: number;
  readonly labelsLastDay: number;
}): number {
  const { configured, openTasks, labelsLastDay } = input;
  if (openTasks <= BACKLOG_DAYS * configured) return configured;
  return Math.min(configured, Math.max(LEAST_BUDGET, labelsLastDay));
}
