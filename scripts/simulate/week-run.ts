import { predictionId } from '../../src/domain/ids.ts';
import { patternIndex } from '../../src/domain/population.ts';
import type { Decision, Rates } from '../../src/domain/prediction.ts';
import type { Candidate, Policy } from '../../src/domain/selection.ts';
import { forecastArrivals, type HourArrivals } from '../../src/select/forecast-arrivals.ts';
import { firstPolicy, floorRate, makePolicy, ratesFor } from '../../src/select/policy.ts';
import { selectBatch } from '../../src/select/select-batch.ts';
import { type Chance, createChance } from './chance.ts';
import { estimateOf, type Simulated } from './simulated-window.ts';

const STEP_MS = 300_000;
const STEPS_PER_DAY = 288;
const DAYS = 7;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.UTC(2026, 0, 5);
const BUDGET = 200;
const SHARES = { random: 0.6, lowConfidence: 0.2, disputed: 0.2 };
const THRESHOLD = 0.6;
const PER_DAY = [3000, 3000, 3000, 3000, 3000, 80, 80];
const NEVER = Number.POSITIVE_INFINITY;

/** A prediction of the week and what happens to it. */
interface Item {
  readonly index: number;
  readonly step: number;
  readonly isRight: boolean;
  readonly confidence: number;
  readonly isLowConfidence: boolean;
  /** Step in which a user flags it. */
  readonly flaggedAt: number;
  readonly u: number;
  rates: Rates;
  isDisputed: boolean;
  decision: Decision | null;
}

/** What one week found: the default estimate, the random part, and the naive mean, each less the truth. */
export interface WeekRun {
  readonly error: number;
  readonly width: number;
  readonly isCovered: boolean;
  readonly randomError: number;
  readonly randomWidth: number;
  readonly isRandomCovered: boolean;
  readonly naiveError: number;
  readonly tasks: number;
  readonly labels: number;
  readonly randomShare: number;
}

/**
 * All rules together: five busy days with a tenfold flood and a budget spent early, two quiet ones, late flags, the last day
 * mostly open. Policies, batches and the estimate are the product's.
 */
export function runWeek(seed: number, run: number): WeekRun {
  const chance = createChance(seed, 4, run);
  const items = drawWeek(chance);
  selectWeek(items);
  const simulated = items.map((item) => simulatedItem(item, chance));
  const estimate = estimateOf(simulated, { name: '7d', from: START, to: START + DAYS * DAY_MS });
  const truth = items.filter(({ isRight }) => isRight).length / items.length;
  const { accuracy, lower, upper, random, naive, selected, labels } = estimate;
  const isWithin = (low: number, high: number): boolean => low <= truth && truth <= high;
  return {
    error: (accuracy ?? NaN) - truth,
    width: (upper ?? NaN) - (lower ?? NaN),
    isCovered: isWithin(lower ?? 1, upper ?? 0),
    randomError: (random?.value ?? NaN) - truth,
    randomWidth: (random?.upper ?? NaN) - (random?.lower ?? NaN),
    isRandomCovered: isWithin(random?.lower ?? 1, random?.upper ?? 0),
    naiveError: (naive ?? NaN) - truth,
    tasks: selected,
    labels,
    randomShare: items.filter(({ decision }) => decision?.isRandom === true).length / selected,
  };
}

function trafficOf(chance: Chance, day: number): readonly number[] {
  const shape = Array.from(
    { length: STEPS_PER_DAY },
    (_, k) => 1 + 0.8 * Math.sin((k / STEPS_PER_DAY) * 2 * Math.PI - 1.5),
  );
  const total = shape.reduce((sum, value) => sum + value, 0);
  const level = ((PER_DAY[day] ?? 0) / total) * Math.exp(0.1 * chance.normal());
  return shape.map((value, k) => value * level * burst(day, k));
}

/** A tenfold hour on the third day, a morning that spends the budget on the fourth. */
function burst(day: number, k: number): number {
  if (day === 2 && k >= 140 && k < 152) return 10;
  return day === 3 && k < 40 ? 4 : 1;
}

function drawWeek(chance: Chance): readonly Item[] {
  const items: Item[] = [];
  for (let day = 0; day < DAYS; day += 1)
    trafficOf(chance, day).forEach((mean, k) => {
      const count = chance.poisson(mean);
      for (let n = 0; n < count; n += 1) items.push(drawItem(chance, items.length, day, k));
    });
  return items;
}

function drawItem(chance: Chance, index: number, day: number, k: number): Item {
  const step = day * STEPS_PER_DAY + k;
  const isRight = chance.uniform() < accuracyAt(day, k / STEPS_PER_DAY);
  const drawn = isRight ? chance.beta(8, 2) : chance.beta(4, 2.5);
  const confidence = Math.min(0.999, Math.max(0.1, drawn));
  const isFlagged = chance.uniform() < (isRight ? 0.02 : 0.35);
  return {
    index,
    step,
    isRight,
    confidence,
    isLowConfidence: confidence < THRESHOLD,
    flaggedAt: isFlagged ? step + chance.integer(0, STEPS_PER_DAY) : NEVER,
    u: chance.uniform(),
    rates: { random: 0, lowConfidence: 0, disputed: 0, spare: 0 },
    isDisputed: false,
    decision: null,
  };
}

function accuracyAt(day: number, hour: number): number {
  if (day >= 5) return 0.6;
  return hour > 0.35 && hour < 0.75 ? 0.9 : 0.72;
}

/** The week as the sync lives it: every five minutes a batch of what came, then a new policy. */
function selectWeek(items: readonly Item[]): void {
  const byStep = groupBy(items, ({ step }) => step);
  const byFlag = groupBy(items, ({ flaggedAt }) => flaggedAt);
  const hours = new Map<number, [number, number, number, number]>();
  let policy = firstPolicy({
    id: 'first',
    madeAt: START,
    design: 'shares',
    shares: SHARES,
    confidences: new Float64Array(),
  });
  let spent = 0;
  for (let step = 0; step < DAYS * STEPS_PER_DAY; step += 1) {
    if (step % STEPS_PER_DAY === 0) spent = 0;
    const now = START + (step + 1) * STEP_MS - 1;
    const fresh = byStep.get(step) ?? [];
    for (const item of fresh) record(item, policy, hours);
    const flagged = byFlag.get(step) ?? [];
    for (const item of flagged) dispute(item, hours);
    const arrivals = arrivalsUntil(hours, now);
    const forecast = forecastArrivals({ arrivals, now });
    const late = flagged.filter(({ decision }) => decision !== null);
    spent += decideBatch([...fresh, ...late], BUDGET - spent, floorRate(BUDGET, forecast), now);
    policy = makePolicy({
      id: String(step),
      madeAt: now,
      design: 'shares',
      shares: SHARES,
      budgetLeft: BUDGET - spent,
      restOfDay: forecast.restOfDay,
      confidences: new Float64Array(),
    });
  }
}

function groupBy(
  items: readonly Item[],
  key: (item: Item) => number,
): ReadonlyMap<number, readonly Item[]> {
  const groups = new Map<number, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item)) ?? [];
    group.push(item);
    groups.set(key(item), group);
  }
  return groups;
}

type Hours = Map<number, [number, number, number, number]>;

const hourOfStep = (step: number): number =>
  START + Math.floor((step * STEP_MS) / HOUR_MS) * HOUR_MS;

function count(hours: Hours, item: Item, by: 1 | -1): void {
  const hour = hourOfStep(item.step);
  const counts = hours.get(hour) ?? [0, 0, 0, 0];
  const pattern = patternIndex(item.isLowConfidence, item.isDisputed) as 0 | 1 | 2 | 3;
  counts[pattern] += by;
  hours.set(hour, counts);
}

function record(item: Item, policy: Policy, hours: Hours): void {
  item.rates = ratesFor(policy, item);
  count(hours, item, 1);
}

/** The prediction moves to the disputed pattern. */
function dispute(item: Item, hours: Hours): void {
  count(hours, item, -1);
  item.isDisputed = true;
  count(hours, item, 1);
}

const arrivalsUntil = (hours: Hours, now: number): readonly HourArrivals[] =>
  [...hours].map(([hour, byPattern]) => ({ hour, byPattern })).filter(({ hour }) => hour <= now);

/** @returns tasks made */
function decideBatch(
  items: readonly Item[],
  budgetLeft: number,
  floor: number,
  decidedAt: number,
): number {
  if (items.length === 0) return 0;
  const candidates = items.map((item, position): Candidate => ({
    predictionId: predictionId(String(position)),
    rates: item.rates,
    isLowConfidence: item.isLowConfidence,
    disputedBy: item.isDisputed ? 'person' : null,
    earlier: item.decision,
  }));
  const { decisions } = selectBatch({
    id: String(decidedAt),
    decidedAt,
    candidates,
    budgetLeft,
    floor,
    numberOf: (id) => items[Number(id)]?.u ?? 0,
  });
  decisions.forEach(({ decision }, position) => {
    const item = items[position];
    if (item !== undefined) item.decision = decision;
  });
  return decisions.filter(({ isNewlySelected }) => isNewlySelected).length;
}

const answerRate = (day: number): number => {
  if (day === 6) return 0.3;
  return day === 4 ? 0.6 : 0.95;
};

function simulatedItem(item: Item, chance: Chance): Simulated {
  const isAnswered = chance.uniform() < answerRate(Math.floor(item.step / STEPS_PER_DAY));
  return {
    id: String(item.index),
    at: START + item.step * STEP_MS,
    predictedClass: 'said',
    trueClass: item.isRight ? 'said' : 'other',
    confidence: item.confidence,
    isLowConfidence: item.isLowConfidence,
    isDisputed: item.isDisputed,
    decision: item.decision,
    outcome: isAnswered ? 'labelled' : 'open',
  };
}
