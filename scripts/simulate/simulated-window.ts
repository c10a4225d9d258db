import { modelVersion, predictionId } from '../../src/domain/ids.ts';
import {
  BLOCK_LENGTH,
  CELL_FIELD_INDEX,
  cellOffset,
  confidenceBin,
  patternIndex,
  type PopulationBlock,
} from '../../src/domain/population.ts';
import type { Decision } from '../../src/domain/prediction.ts';
import type { Unit, UnitOutcome } from '../../src/domain/unit.ts';
import { hourOf, type Window } from '../../src/domain/window.ts';
import { estimateWindow, type WindowInput } from '../../src/estimate/estimate-window.ts';

/** A recorded and decided prediction whose truth is known. */
export interface Simulated {
  readonly id: string;
  readonly at: number;
  readonly predictedClass: string;
  readonly trueClass: string;
  readonly confidence: number;
  readonly isLowConfidence: boolean;
  readonly isDisputed: boolean;
  /** Null: recorded, not decided yet. */
  readonly decision: Pick<Decision, 'pi' | 'q' | 'isSelected' | 'isRandom'> | null;
  /** What people did with its task; read where it is selected. */
  readonly outcome: 'labelled' | 'skipped' | 'open' | 'deleted';
  readonly segment?: string;
}

/** Population counts by hour, as a store keeps them (written out, since a simulation makes millions). */
export function blocksOf(predictions: readonly Simulated[]): readonly PopulationBlock[] {
  const blocks = new Map<number, Map<string, PopulationBlock>>();
  for (const item of predictions) {
    const from = hourOf(item.at);
    const { predictedClass, segment = '' } = item;
    const place = segment === '' ? predictedClass : `${segment}/${predictedClass}`;
    let hour = blocks.get(from);
    if (hour === undefined) {
      hour = new Map<string, PopulationBlock>();
      blocks.set(from, hour);
    }
    let block = hour.get(place);
    if (block === undefined) {
      block = { from, segment, predictedClass, sums: new Float64Array(BLOCK_LENGTH) };
      hour.set(place, block);
    }
    count(block.sums, item);
  }
  return [...blocks.values()].flatMap((hour) => [...hour.values()]);
}

function count(sums: Float64Array, item: Simulated): void {
  const { confidence: c, decision } = item;
  const at = cellOffset(patternIndex(item.isLowConfidence, item.isDisputed), confidenceBin(c));
  add(sums, at + CELL_FIELD_INDEX.n, 1);
  add(sums, at + CELL_FIELD_INDEX.c, c);
  if (decision === null) return;
  const { pi, q } = decision;
  add(sums, at + CELL_FIELD_INDEX.decided, 1);
  add(sums, at + CELL_FIELD_INDEX.decidedC, c);
  add(sums, at + CELL_FIELD_INDEX.invPi, 1 / pi);
  add(sums, at + CELL_FIELD_INDEX.cInvPi, c / pi);
  add(sums, at + CELL_FIELD_INDEX.invQ, 1 / q);
  add(sums, at + CELL_FIELD_INDEX.cInvQ, c / q);
}

function add(sums: Float64Array, at: number, value: number): void {
  sums[at] = (sums[at] ?? 0) + value;
}

/** Selected predictions as the estimators see them. */
export function unitsOf(predictions: readonly Simulated[]): readonly Unit[] {
  const units: Unit[] = [];
  for (const item of predictions)
    if (item.decision?.isSelected === true) units.push(unitOf(item, item.decision));
  return units;
}

function unitOf(item: Simulated, decision: NonNullable<Simulated['decision']>): Unit {
  const outcome: UnitOutcome =
    item.outcome === 'labelled'
      ? { state: 'labelled', shares: { [item.trueClass]: 1 } }
      : { state: item.outcome };
  return {
    predictionId: predictionId(item.id),
    at: item.at,
    segment: item.segment ?? '',
    predictedClass: item.predictedClass,
    confidence: item.confidence,
    probabilities: null,
    isLowConfidence: item.isLowConfidence,
    isDisputed: item.isDisputed,
    pi: decision.pi,
    q: decision.q,
    isRandom: decision.isRandom,
    hasFlag: item.isDisputed,
    correction: null,
    outcome,
    answers: item.outcome === 'labelled' ? [{ annotator: 'one', answer: item.trueClass }] : [],
  };
}

/** All that an estimate needs of these predictions. */
export const windowInput = (
  predictions: readonly Simulated[],
  window: Window,
  changes: Partial<WindowInput> = {},
): WindowInput => ({
  modelVersion: modelVersion('simulated'),
  window,
  asOf: window.to,
  classes: [],
  segments: [],
  units: unitsOf(predictions),
  blocks: blocksOf(predictions),
  days: [],
  feedbackCounts: { flag: 0, correction: 0, confirmation: 0 },
  evalue: null,
  isAnchored: false,
  calibrationMap: null,
  ...changes,
});

/** The product's estimate of these predictions. */
export const estimateOf = (predictions: readonly Simulated[], window: Window) =>
  estimateWindow(windowInput(predictions, window));
