import { modelVersion, predictionId } from '../../src/domain/ids.ts';
import {
  BLOCK_LENGTH,
  decidedIncrement,
  type PopulationBlock,
  recordedIncrement,
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

/** Population counts by hour, as a store keeps them. */
export function blocksOf(predictions: readonly Simulated[]): readonly PopulationBlock[] {
  const blocks = new Map<string, PopulationBlock>();
  for (const item of predictions) {
    const from = hourOf(item.at);
    const { predictedClass, segment = '' } = item;
    const key = `${from}/${segment}/${predictedClass}`;
    let block = blocks.get(key);
    if (block === undefined) {
      block = { from, segment, predictedClass, sums: new Float64Array(BLOCK_LENGTH) };
      blocks.set(key, block);
    }
    addTo(block.sums, recordedIncrement(item));
    if (item.decision !== null) addTo(block.sums, decidedIncrement(item, item.decision, null));
  }
  return [...blocks.values()];
}

function addTo(
  sums: Float64Array,
  { offset, values }: { readonly offset: number; readonly values: readonly number[] },
): void {
  for (let k = 0; k < values.length; k += 1)
    sums[offset + k] = (sums[offset + k] ?? 0) + (values[k] ?? 0);
}

/** Selected predictions as the estimators see them. */
export function unitsOf(predictions: readonly Simulated[]): readonly Unit[] {
  return predictions.flatMap((item) => {
    const { decision } = item;
    if (decision?.isSelected !== true) return [];
    const outcome: UnitOutcome =
      item.outcome === 'labelled'
        ? { state: 'labelled', shares: { [item.trueClass]: 1 } }
        : { state: item.outcome };
    return [
      {
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
        answers:
          item.outcome === 'labelled' ? [{ annotator: 'one', answer: item.trueClass }] : [],
      },
    ];
  });
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
