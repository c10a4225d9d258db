import type { AccuracyEstimate } from '../domain/estimate.ts';
import { patternIndex, PATTERNS, type PopulationBlock } from '../domain/population.ts';
import { correctness, type Unit } from '../domain/unit.ts';
import type { Window } from '../domain/window.ts';
import type { LabelledUnit } from './labelled-unit.ts';
import type { ResponseRates } from './population-sums.ts';
import { type ResponseRate, responseRates } from './response-rates.ts';

const patternOf = (unit: Unit): number => patternIndex(unit.isLowConfidence, unit.isDisputed);

/** How often selected units of a window were labelled: of all of them, and of those of the random part. */
export function responseOf(
  units: readonly Unit[],
  blocks: readonly PopulationBlock[],
  window: Window,
): ResponseRates {
  const selected = (chosen: readonly Unit[], p: (unit: Unit) => number) =>
    chosen.map((unit) => ({
      pattern: patternOf(unit),
      at: unit.at,
      p: p(unit),
      isLabelled: unit.outcome.state === 'labelled',
    }));
  const from = blocks.reduce((first, block) => Math.min(first, block.from), window.from);
  const random = units.filter(({ isRandom }) => isRandom);
  return {
    pi: responseRates(
      selected(units, ({ pi }) => pi),
      from,
      window.to,
    ),
    q: responseRates(
      selected(random, ({ q }) => q),
      from,
      window.to,
    ),
  };
}

/**
 * @param p the unit's chance of being selected: pi, or q within the random part
 * @returns the unit with its chance of being selected and labelled; nothing when it has no label that counts
 */
export function labelledUnit(unit: Unit, p: number, rate: ResponseRate): readonly LabelledUnit[] {
  const a = correctness(unit);
  if (a === null || unit.outcome.state !== 'labelled') return [];
  const pi = p * rate(patternOf(unit), unit.at);
  return [{ unit, shares: unit.outcome.shares, a, m: unit.confidence, pi }];
}

/** How many were selected, labelled, skipped and wait, by pattern. */
export function responseRows(units: readonly Unit[]): AccuracyEstimate['responses'] {
  return PATTERNS.map((pattern, index) => {
    const rows = units.filter((unit) => patternOf(unit) === index);
    const inState = (state: Unit['outcome']['state']): number =>
      rows.filter(({ outcome }) => outcome.state === state).length;
    return {
      pattern,
      selected: rows.length,
      labelled: inState('labelled'),
      skipped: inState('skipped'),
      open: inState('open'),
    };
  });
}
