import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { FeedbackKind } from '../domain/feedback.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { PopulationBlock, PopulationDay } from '../domain/population.ts';
import { correctness, type Unit } from '../domain/unit.ts';
import type { Window } from '../domain/window.ts';
import { krippendorffAlpha } from './agreement.ts';
import { calibration } from './calibration.ts';
import { classEstimate, domainAccuracy, intervalOf, macroF1 } from './class-estimates.ts';
import { confusionMatrix } from './confusion.ts';
import { feedbackQuality } from './feedback-quality.ts';
import type { LabelledUnit } from './labelled-unit.ts';
import {
  addBlock,
  emptySums,
  populationOf,
  type PopulationSums,
  randomPopulationOf,
  type ResponseRates,
} from './population-sums.ts';
import { randomPartEstimate } from './random-part.ts';
import { histogramOf, labelFree } from './traffic-confidence.ts';
import { type PointEstimate, tunedDifference } from './tuned-difference.ts';
import { hasExtremeWeights, sumOver } from './weights.ts';
import { labelledUnit, responseOf, responseRows } from './window-responses.ts';
import { worstMistakes } from './worst-mistakes.ts';

const LEAST_LABELS = 5;
const LEAST_RELIABLE = 10;
const LEAST_MATURITY = 0.8;

export interface WindowInput {
  readonly modelVersion: ModelVersion;
  readonly window: Window;
  /** When this is computed, ms. */
  readonly asOf: number;
  /** The model's classes; those met in the data are added. */
  readonly classes: readonly string[];
  /** The configured segments; empty where there are none. */
  readonly segments: readonly string[];
  /** Selected predictions of the version; those outside of the window (by prediction time) are left out. */
  readonly units: readonly Unit[];
  /** Population counts of the version in just this window, as a store gives them: whole days and, at the ends, hours. */
  readonly blocks: readonly PopulationBlock[];
  /** The days that the window touches. */
  readonly days: readonly PopulationDay[];
  readonly feedbackCounts: Readonly<Record<FeedbackKind, number>>;
  /** See belowTargetEvalue; null where it is not published. */
  readonly evalue: number | null;
  /** Annotators of the hard projects saw the prediction (REVEAL_PREDICTION=hard): only the random part may count. */
  readonly isAnchored: boolean;
  /** What a confidence is worth by older labels; null: taken as it is. */
  readonly calibrationMap: ((confidence: number) => number) | null;
}

/**
 * Accuracy of one model version in one window, with all that is shown beside it. Reads the selected units and the population
 * counts, never all predictions, so that its cost does not grow with traffic.
 * Predictions recorded but not decided yet (the newest minute) are counted in `predictions`; the estimate speaks of the rest.
 * @returns null fields where something is not defined; `accuracy` is null under 5 labels
 * @see docs/statistics.md
 */
export function estimateWindow(input: WindowInput): AccuracyEstimate {
  const { window, blocks } = input;
  const units = input.units.filter(({ at }) => at >= window.from && at < window.to);
  const rates = responseOf(units, blocks, window);
  const histogram = histogramOf(input.days, window);
  const population = sumsOf(blocks, rates);
  const labelled = units.flatMap((unit) => labelledUnit(unit, unit.pi, rates.pi));
  const randomUnits = units
    .filter(({ isRandom }) => isRandom)
    .flatMap((unit) => labelledUnit(unit, unit.q, rates.q));
  const random =
    randomUnits.length < LEAST_LABELS || population.all.decided === 0
      ? null
      : randomPartEstimate(randomUnits, randomPopulationOf(population.all));
  const tuned =
    labelled.length < LEAST_LABELS || population.all.decided === 0
      ? null
      : tunedDifference(labelled, populationOf(population.all));
  const point = input.isAnchored ? random : tuned;
  return {
    modelVersion: input.modelVersion,
    window: window.name,
    from: window.from,
    to: window.to,
    asOf: input.asOf,
    ...pointFields(point, input.isAnchored),
    ...countFields(units, population.all.predictions, point),
    bounds: worstCases(units),
    random: random === null ? null : intervalOf(random),
    randomLabels: randomUnits.length,
    disagrees: point !== null && random !== null && areDisjoint(point, random),
    naive:
      labelled.length < LEAST_LABELS ? null : sumOver(labelled, ({ a }) => a) / labelled.length,
    labelFree: labelFree(population.all, input.calibrationMap, histogram),
    evalue: input.evalue,
    ...detailFields(input, labelled, population, histogram),
    feedback: feedbackQuality(labelled, input.feedbackCounts),
    responses: responseRows(units),
    agreement: krippendorffAlpha(units.map(({ answers }) => answers.map(({ answer }) => answer))),
    mistakes: worstMistakes(units),
    hasExtremeWeights: hasExtremeWeights(input.isAnchored ? randomUnits : labelled),
  };
}

interface PopulationParts {
  readonly all: PopulationSums;
  readonly byClass: ReadonlyMap<string, PopulationSums>;
  readonly bySegment: ReadonlyMap<string, PopulationSums>;
}

function sumsOf(blocks: readonly PopulationBlock[], rates: ResponseRates): PopulationParts {
  const all = emptySums();
  const byClass = new Map<string, PopulationSums>();
  const bySegment = new Map<string, PopulationSums>();
  for (const block of blocks) {
    addBlock(all, block, rates);
    addBlock(entryOf(byClass, block.predictedClass), block, rates);
    if (block.segment !== '') addBlock(entryOf(bySegment, block.segment), block, rates);
  }
  return { all, byClass, bySegment };
}

function entryOf(map: Map<string, PopulationSums>, key: string): PopulationSums {
  const known = map.get(key);
  if (known !== undefined) return known;
  const fresh = emptySums();
  map.set(key, fresh);
  return fresh;
}

type PointFields = Pick<
  AccuracyEstimate,
  'accuracy' | 'lower' | 'upper' | 'raw' | 'lambda' | 'kish' | 'effectiveLabels' | 'method'
>;

function pointFields(point: PointEstimate | null, isAnchored: boolean): PointFields {
  return {
    accuracy: point?.value ?? null,
    lower: point?.lower ?? null,
    upper: point?.upper ?? null,
    raw: point?.raw ?? null,
    lambda: point?.lambda ?? null,
    kish: point?.kish ?? null,
    effectiveLabels: point?.effective ?? null,
    method: isAnchored ? 'random_part' : 'tuned_difference',
  };
}

type CountFields = Pick<
  AccuracyEstimate,
  'predictions' | 'selected' | 'labels' | 'skipped' | 'open' | 'coverage' | 'maturity' | 'reliable'
>;

function countFields(
  units: readonly Unit[],
  predictions: number,
  point: PointEstimate | null,
): CountFields {
  const inState = (state: Unit['outcome']['state']): number =>
    units.filter(({ outcome }) => outcome.state === state).length;
  const labels = inState('labelled');
  const weight = sumOver(units, ({ pi }) => 1 / pi);
  const answered = units.filter(({ outcome }) => ['labelled', 'skipped'].includes(outcome.state));
  const maturity = units.length === 0 ? null : sumOver(answered, ({ pi }) => 1 / pi) / weight;
  return {
    predictions,
    selected: units.length,
    labels,
    skipped: inState('skipped'),
    open: inState('open'),
    coverage: units.length === 0 ? null : labels / units.length,
    maturity,
    reliable: (point?.n ?? 0) >= LEAST_RELIABLE && (maturity ?? 0) >= LEAST_MATURITY,
  };
}

/** Nothing is assumed about what is missing: all of it wrong, all of it right. @see Manski (1989) */
function worstCases(units: readonly Unit[]): AccuracyEstimate['bounds'] {
  if (units.length === 0) return null;
  const all = sumOver(units, ({ pi }) => 1 / pi);
  const right = sumOver(units, (unit) => (correctness(unit) ?? 0) / unit.pi);
  const missing = sumOver(units, (unit) => (correctness(unit) === null ? 1 / unit.pi : 0));
  return { lower: right / all, upper: (right + missing) / all };
}

const areDisjoint = (a: PointEstimate, b: PointEstimate): boolean =>
  a.upper < b.lower || b.upper < a.lower;

type DetailFields = Pick<
  AccuracyEstimate,
  'classes' | 'macroF1' | 'segments' | 'confusion' | 'calibration'
>;

function detailFields(
  input: WindowInput,
  labelled: readonly LabelledUnit[],
  population: PopulationParts,
  histogram: Float64Array,
): DetailFields {
  const classes = [
    ...new Set([...input.classes, ...input.blocks.map(({ predictedClass }) => predictedClass)]),
  ];
  const segments = [...new Set([...input.segments, ...population.bySegment.keys()])];
  const traffic = new Map([...population.byClass].map(([name, sums]) => [name, sums.decided]));
  return {
    classes: classes.map((name) =>
      classEstimate(labelled, name, populationOf(population.byClass.get(name) ?? emptySums())),
    ),
    macroF1: macroF1(labelled, classes),
    segments: segments.map((segment) => segmentEstimate(segment, labelled, population)),
    confusion: confusionMatrix(labelled, traffic),
    calibration: calibration(labelled, histogram),
  };
}

function segmentEstimate(
  segment: string,
  labelled: readonly LabelledUnit[],
  population: PopulationParts,
): AccuracyEstimate['segments'][number] {
  const sums = population.bySegment.get(segment) ?? emptySums();
  const sample = labelled.filter(({ unit }) => unit.segment === segment);
  return {
    segment,
    predictions: sums.predictions,
    labels: sample.length,
    accuracy: domainAccuracy(sample, populationOf(sums)),
  };
}
