import { createChance } from '../../scripts/simulate/chance.ts';
import { modelVersion, predictionId } from '../../src/domain/ids.ts';
import type { Decision, Rates } from '../../src/domain/prediction.ts';
import type { Candidate } from '../../src/domain/selection.ts';
import { differsInTime } from '../../src/domain/shadow-answer.ts';
import type { UnitOutcome } from '../../src/domain/unit.ts';
import { compareOnTraffic } from '../../src/estimate/compare-on-traffic.ts';
import { selectBatch } from '../../src/select/select-batch.ts';
import { DAY_START } from './moments.ts';

const MINUTE = 60_000;
const HORIZON = 60 * MINUTE;
const BATCHES = 6;
const PER_BATCH = 300;

/** One prediction with both answers, the truth, and all that happened to it. */
interface Item {
  readonly index: number;
  readonly at: number;
  readonly batch: number;
  readonly u: number;
  readonly isLowConfidence: boolean;
  readonly isBaselineServed: boolean;
  readonly baselineClass: string;
  readonly laterClass: string;
  readonly trueClass: string;
  /** When the model that did not serve answered; null: it was busy, and never did. */
  readonly answeredAt: number | null;
  readonly isAnswered: boolean;
  disputedBy: Candidate['disputedBy'];
  decision: Decision | null;
}

/** Chances of what happens on a low-confidence photo, and on another one. */
const MIX = {
  low: { differ: 0.4, laterRight: 0.55, baselineRight: 0.15 },
  plain: { differ: 0.08, laterRight: 0.3, baselineRight: 0.5 },
} as const;
const LOW_SHARE = 0.25;
/** Answers on which the baseline alone is right come late more often: the second model ponders. */
const LATE = { baselineRight: 0.5, other: 0.15 } as const;
/** It is busy more often when photos are plain. */
const BUSY = { low: 0.1, plain: 0.35 } as const;

/** The true difference among predictions that both answer. */
export const TRUE_DIFFERENCE = (() => {
  const kinds = [
    [LOW_SHARE * (1 - BUSY.low), MIX.low],
    [(1 - LOW_SHARE) * (1 - BUSY.plain), MIX.plain],
  ] as const;
  const all = kinds[0][0] + kinds[1][0];
  return kinds.reduce(
    (sum, [share, { differ, laterRight, baselineRight }]) =>
      sum + (share / all) * differ * (laterRight - baselineRight),
    0,
  );
})();

/** Traffic of some hours, selected by the product's own rule, batch after batch, and labelled: what is known at its end. */
export function runTwoModels(seed: number) {
  const chance = createChance(seed, 9);
  const items = Array.from({ length: BATCHES * PER_BATCH }, (_, index) =>
    itemAt(index, Math.floor(index / PER_BATCH)),
  );

  function itemAt(index: number, batch: number): Item {
    const at = DAY_START + index * 1000;
    const isLowConfidence = chance.uniform() < LOW_SHARE;
    const kind = isLowConfidence ? 'low' : 'plain';
    const { differ, laterRight, baselineRight } = MIX[kind];
    const draw = chance.uniform();
    const who = draw < laterRight ? 'later' : draw < laterRight + baselineRight ? 'baseline' : null;
    const isDifferent = chance.uniform() < differ;
    const same = chance.uniform() < 0.85 ? 'egg' : 'rice';
    const isBusy = chance.uniform() < BUSY[kind];
    const isLate =
      chance.uniform() < (isDifferent && who === 'baseline' ? LATE.baselineRight : LATE.other);
    const delay = !isLate ? 20 : chance.uniform() < 0.8 ? 8 * MINUTE : HORIZON;
    return {
      ...{ index, at, batch, isLowConfidence, u: chance.uniform() },
      isBaselineServed: chance.uniform() < 0.7,
      baselineClass: !isDifferent ? same : who === 'baseline' ? 'egg' : 'rice',
      laterClass: !isDifferent ? same : who === 'later' ? 'egg' : 'soup',
      trueClass: 'egg',
      answeredAt: isBusy ? null : at + delay,
      isAnswered: chance.uniform() < (isLowConfidence ? 0.7 : 0.95),
      ...{ disputedBy: null, decision: null },
    };
  }

  const servedClass = (item: Item): string =>
    item.isBaselineServed ? item.baselineClass : item.laterClass;
  const otherClass = (item: Item): string =>
    item.isBaselineServed ? item.laterClass : item.baselineClass;

  /** What was answered until `now` disputes, as a store would note it. @returns whether it does so only now */
  const hear = (item: Item, now: number): boolean => {
    if (item.answeredAt === null || item.answeredAt > now || item.disputedBy !== null) return false;
    const answer = { predictedClass: otherClass(item), at: item.answeredAt };
    const predicted = { predictedClass: servedClass(item), at: item.at };
    if (differsInTime(answer, predicted, HORIZON)) item.disputedBy = 'model';
    return item.disputedBy !== null;
  };

  let revised = 0;
  for (let batch = 0; batch <= BATCHES + 2; batch += 1) {
    const now = DAY_START + (batch + 1) * PER_BATCH * 1000 + MINUTE;
    const late = items.filter((item) => hear(item, now) && item.decision !== null);
    revised += late.length;
    const fresh = items.slice(batch * PER_BATCH, (batch + 1) * PER_BATCH);
    decide(items, [...fresh, ...late], batch);
  }

  const selected = items.filter(({ decision }) => decision?.isSelected === true);
  const both = items.filter(({ answeredAt }) => answeredAt !== null);
  const isDiffering = (item: Item): boolean =>
    item.answeredAt !== null && servedClass(item) !== otherClass(item);
  const units = selected.filter(isDiffering).map((item) => ({
    isBaselineServed: item.isBaselineServed,
    unit: {
      ...{ predictionId: predictionId('p'), at: item.at, segment: '', confidence: 0.5 },
      ...{ predictedClass: servedClass(item), otherClass: otherClass(item), probabilities: null },
      isLowConfidence: item.isLowConfidence,
      isDisputed: item.disputedBy !== null,
      ...{ pi: item.decision?.pi ?? 1, q: item.decision?.q ?? 1 },
      isRandom: item.decision?.isRandom === true,
      ...{ hasFlag: false, correction: null, answers: [] },
      outcome: outcomeOf(item),
    },
  }));
  return {
    comparison: compareOnTraffic({
      ...{ modelVersion: modelVersion('later'), baselineVersion: modelVersion('baseline') },
      window: { name: 'all', from: DAY_START, to: DAY_START + 24 * 60 * MINUTE },
      asOf: DAY_START,
      counts: { answered: both.length, differ: items.filter(isDiffering).length },
      ...{ units, isAnchored: false },
    }),
    realised: both.reduce((sum, item) => sum + d(item), 0) / both.length,
    revised,
    predictions: items.length,
    /** Sum of the weights of all selected predictions. */
    weights: selected.reduce((sum, { decision }) => sum + 1 / (decision?.pi ?? 1), 0),
  };
}

const d = ({ laterClass, baselineClass, trueClass }: Item): number =>
  Number(laterClass === trueClass) - Number(baselineClass === trueClass);

const outcomeOf = ({ isAnswered, trueClass }: Item): UnitOutcome =>
  isAnswered ? { state: 'labelled', shares: { [trueClass]: 1 } } : { state: 'open' };

/** Rates that change from batch to batch, and a budget that at times is too small. */
function decide(all: readonly Item[], candidates: readonly Item[], batch: number): void {
  const rates = (item: Item): Rates => ({
    random: 0.04 + 0.02 * (item.batch % 3),
    lowConfidence: item.isLowConfidence ? 0.2 : 0,
    disputed: 0.35 + 0.15 * (item.batch % 2),
    spare: 0.05,
  });
  const { decisions } = selectBatch({
    ...{ id: String(batch), decidedAt: batch, budgetLeft: batch % 3 === 1 ? 20 : 60, floor: 0.02 },
    numberOf: (id) => all[Number(id)]?.u ?? 0,
    candidates: candidates.map((item) => ({
      predictionId: predictionId(String(item.index)),
      rates: rates(item),
      isLowConfidence: item.isLowConfidence,
      disputedBy: item.disputedBy,
      earlier: item.decision,
    })),
  });
  decisions.forEach(({ decision }, position) => {
    const item = candidates[position];
    if (item !== undefined) item.decision = decision;
  });
}
