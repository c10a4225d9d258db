import type { AccuracyEstimate, Interval } from '../domain/estimate.ts';
import type { FeedbackKind } from '../domain/feedback.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { PopulationBlock, PopulationDay } from '../domain/population.ts';
import { correctness, type Unit } from '../domain/unit.ts';
import type { Window } from '../domain/window.ts';
import { krippendorffAlpha } from './agreement.ts';
import { accuracyOf, allSelected, type Basis, LEAST_LABELS, randomPart } from './basis.ts';
import { calibration } from './calibration.ts';
import { classEstimate, intervalOf, macroF1 } from './class-estimates.ts';
import { confusionMatrix } from './confusion.ts';
import { feedbackQuality } from './feedback-quality.ts';
import { addBlock, emptySums, type PopulationSums, type ResponseRates } from './population-sums.ts';
import { histogramOf, labelFree } from './traffic-confidence.ts';
import type { PointEstimate } from './tuned-difference.ts';
import { hasExtremeWeights, sumOver } from './weights.ts';
import { responseOf, responseRows } from './window-responses.ts';
import { worstMistakes } from './worst-mistakes.ts';

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
  const everything = allSelected(units, rates);
  const crossCheck = randomPart(units, rates);
  const basis = input.isAnchored ? crossCheck : everything;
  const point = accuracyOf(basis, basis.labelled, population.all);
  const random = intervalOf(accuracyOf(crossCheck, crossCheck.labelled, population.all));
  return {
    modelVersion: input.modelVersion,
    window: window.name,
    from: window.from,
    to: window.to,
    asOf: input.asOf,
    ...pointFields(point, basis),
    ...countFields(units, population.all.predictions, point, basis),
    bounds: worstCases(basis),
    random,
    randomLabels: crossCheck.labelled.length,
    disagrees: point !== null && random !== null && areDisjoint(point, random),
    naive: plainMean(everything),
    labelFree: labelFree(population.all, input.calibrationMap, histogram),
    evalue: input.evalue,
    ...detailFields(input, basis, population, histogram),
    feedback: feedbackQuality(basis.labelled, input.feedbackCounts),
    responses: responseRows(units),
    agreement: krippendorffAlpha(
      basis.units.map(({ answers }) => answers.map(({ answer }) => answer)),
    ),
    mistakes: worstMistakes(units),
    hasExtremeWeights: hasExtremeWeights(basis.labelled),
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

function pointFields(point: PointEstimate | null, { method }: Basis): PointFields {
  return {
    accuracy: point?.value ?? null,
    lower: point?.lower ?? null,
    upper: point?.upper ?? null,
    raw: point?.raw ?? null,
    lambda: point?.lambda ?? null,
    kish: point?.kish ?? null,
    effectiveLabels: point?.effective ?? null,
    method,
  };
}

/** For contrast: all labels, as if each stood for as many predictions. */
const plainMean = ({ labelled }: Basis): number | null =>
  labelled.length < LEAST_LABELS ? null : sumOver(labelled, ({ a }) => a) / labelled.length;

type CountFields = Pick<
  AccuracyEstimate,
  'predictions' | 'selected' | 'labels' | 'skipped' | 'open' | 'coverage' | 'maturity' | 'reliable'
>;

/** What became of all tasks; `labels` and `maturity` speak of those that the estimate rests on. */
function countFields(
  units: readonly Unit[],
  predictions: number,
  point: PointEstimate | null,
  basis: Basis,
): CountFields {
  const inState = (state: Unit['outcome']['state']): number =>
    units.filter(({ outcome }) => outcome.state === state).length;
  const maturity = maturityOf(basis);
  return {
    predictions,
    selected: units.length,
    labels: basis.labelled.length,
    skipped: inState('skipped'),
    open: inState('open'),
    coverage: units.length === 0 ? null : inState('labelled') / units.length,
    maturity,
    reliable: (point?.n ?? 0) >= LEAST_RELIABLE && (maturity ?? 0) >= LEAST_MATURITY,
  };
}

function maturityOf({ units, chance }: Basis): number | null {
  if (units.length === 0) return null;
  const answered = units.filter(({ outcome }) => ['labelled', 'skipped'].includes(outcome.state));
  return sumOver(answered, (unit) => 1 / chance(unit)) / sumOver(units, (unit) => 1 / chance(unit));
}

/** Nothing is assumed about what is missing: all of it wrong, all of it right. @see Manski (1989) */
function worstCases({ units, chance }: Basis): AccuracyEstimate['bounds'] {
  if (units.length === 0) return null;
  const all = sumOver(units, (unit) => 1 / chance(unit));
  const right = sumOver(units, (unit) => (correctness(unit) ?? 0) / chance(unit));
  const missing = sumOver(units, (unit) => (correctness(unit) === null ? 1 / chance(unit) : 0));
  // Where nothing was wrong, rounding must not push the sum of the parts past the whole.
  return { lower: right / all, upper: Math.min(1, (right + missing) / all) };
}

const areDisjoint = (a: PointEstimate, b: Interval): boolean =>
  a.upper < b.lower || b.upper < a.lower;

type DetailFields = Pick<
  AccuracyEstimate,
  'classes' | 'macroF1' | 'segments' | 'confusion' | 'calibration'
>;

function detailFields(
  input: WindowInput,
  basis: Basis,
  population: PopulationParts,
  histogram: Float64Array,
): DetailFields {
  const { labelled } = basis;
  const classes = [
    ...new Set([...input.classes, ...input.blocks.map(({ predictedClass }) => predictedClass)]),
  ];
  const segments = [...new Set([...input.segments, ...population.bySegment.keys()])];
  const traffic = new Map([...population.byClass].map(([name, sums]) => [name, sums.decided]));
  return {
    classes: classes.map((name) =>
      classEstimate(basis, name, population.byClass.get(name) ?? emptySums()),
    ),
    macroF1: macroF1(labelled, classes),
    segments: segments.map((segment) => segmentEstimate(segment, basis, population)),
    confusion: confusionMatrix(labelled, traffic),
    calibration: calibration(labelled, histogram),
  };
}

function segmentEstimate(
  segment: string,
  basis: Basis,
  population: PopulationParts,
): AccuracyEstimate['segments'][number] {
  const sums = population.bySegment.get(segment) ?? emptySums();
  const sample = basis.labelled.filter(({ unit }) => unit.segment === segment);
  return {
    segment,
    predictions: sums.predictions,
    labels: sample.length,
    accuracy: intervalOf(accuracyOf(basis, sample, sums)),
  };
}
