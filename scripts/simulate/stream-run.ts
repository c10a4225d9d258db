import { predictionId } from '../../src/domain/ids.ts';
import type { Batch, Candidate } from '../../src/domain/selection.ts';
import type { Window } from '../../src/domain/window.ts';
import { horvitzThompson } from '../../src/estimate/hajek.ts';
import { wilson } from '../../src/estimate/wilson.ts';
import { selectBatch } from '../../src/select/select-batch.ts';
import { createChance } from './chance.ts';
import {
  drawStream,
  LOW_CONFIDENCE_THRESHOLD,
  type Stream,
  STREAM_CLASSES,
  STREAM_SIZE,
} from './coverage-stream.ts';
import { confidenceDesign, type Design, DESIGNS } from './designs.ts';
import { estimateOf, type Simulated } from './simulated-window.ts';

const LEAST_LABELS = 5;
const AT = Date.UTC(2026, 0, 5, 12);
const WINDOW: Window = { name: '1d', from: AT, to: AT + 3_600_000 };

/** What one run of one method found. */
export interface Found {
  readonly method: string;
  readonly labels: number;
  /** Estimate minus truth. */
  readonly error: number;
  readonly width: number;
  /** Ends of the interval, less the truth. */
  readonly lower: number;
  readonly upper: number;
  readonly isCovered: boolean;
}

const IDS = Array.from({ length: STREAM_SIZE }, (_, index) => predictionId(String(index)));
const CLASS_NAMES = Array.from({ length: STREAM_CLASSES }, (_, k) => `class ${k}`);

type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] };

/** A stream as candidates and as what becomes of them; made once, filled anew for each design. */
export interface PreparedStream {
  readonly stream: Stream;
  readonly candidates: readonly Writable<Candidate>[];
  readonly simulated: readonly Writable<Simulated>[];
}

const NO_RATES = { random: 0, lowConfidence: 0, disputed: 0, spare: 0 };

export function prepare(stream: Stream): PreparedStream {
  const isLow = (index: number): boolean =>
    (stream.confidence[index] ?? 0) < LOW_CONFIDENCE_THRESHOLD;
  return {
    stream,
    candidates: IDS.map((id, index) => ({
      predictionId: id,
      rates: NO_RATES,
      isLowConfidence: isLow(index),
      disputedBy: stream.flagged[index] === 1 ? 'person' : null,
      earlier: null,
    })),
    simulated: IDS.map((id, index) => ({
      id,
      at: AT,
      predictedClass: CLASS_NAMES[stream.predicted[index] ?? 0] ?? '',
      trueClass: CLASS_NAMES[stream.truth[index] ?? 0] ?? '',
      confidence: stream.confidence[index] ?? 0,
      isLowConfidence: isLow(index),
      isDisputed: stream.flagged[index] === 1,
      decision: null,
      outcome: 'labelled',
    })),
  };
}

/** Selects from a stream by the product's own rule. */
export function selectFrom(
  { stream, candidates }: PreparedStream,
  design: Design,
  labels: number,
  limits: { readonly budgetLeft: number; readonly floor: number },
): Batch {
  const rates = design.ratesOf(stream, labels);
  candidates.forEach((candidate, index) => {
    candidate.rates = rates(index);
  });
  return selectBatch({
    id: 'batch',
    decidedAt: AT,
    candidates,
    ...limits,
    numberOf: (id) => stream.u[Number(id)] ?? 0,
  });
}

/** The stream as decided, all tasks labelled. */
export function simulatedFrom({ simulated }: PreparedStream, batch: Batch): readonly Simulated[] {
  batch.decisions.forEach(({ decision }, index) => {
    const item = simulated[index];
    if (item !== undefined) item.decision = decision;
  });
  return simulated;
}

const found = (
  method: string,
  labels: number,
  [value, lower, upper]: readonly [number, number, number],
  truth: number,
): Found => ({
  method,
  labels,
  error: value - truth,
  width: upper - lower,
  lower: lower - truth,
  upper: upper - truth,
  isCovered: lower <= truth && truth <= upper,
});

/**
 * One fresh stream, every design and number of labels: selected and estimated by the product.
 * @returns a row per method; none where a draw left fewer than 5 labels
 */
export function runStream(
  seed: number,
  run: number,
  budgets: readonly number[],
  noise?: number,
): ReadonlyMap<number, readonly Found[]> {
  const prepared = prepare(drawStream(createChance(seed, 1, run), noise));
  return new Map(
    budgets.map((labels) => [
      labels,
      DESIGNS.flatMap((design) => runDesign(prepared, design, labels)),
    ]),
  );
}

function runDesign(prepared: PreparedStream, design: Design, labels: number): readonly Found[] {
  const limits = { budgetLeft: STREAM_SIZE, floor: 0 };
  const simulated = simulatedFrom(prepared, selectFrom(prepared, design, labels, limits));
  const estimate = estimateOf(simulated, WINDOW);
  const { accuracy, lower, upper, naive } = estimate;
  if (estimate.labels < LEAST_LABELS || accuracy === null || lower === null || upper === null)
    return [];
  const truth = prepared.stream.accuracy;
  const rows = [
    found(`${design.name} + default`, estimate.labels, [accuracy, lower, upper], truth),
  ];
  const plain = naive ?? 0;
  const [low, high] = wilson(plain, estimate.labels);
  if (design.name === 'random')
    rows.push(found('random + Wilson', estimate.labels, [plain, low, high], truth));
  if (design.name === '40/30/30')
    rows.push(found('naive mean of 40/30/30', estimate.labels, [plain, low, high], truth));
  return rows;
}

/** A hard cap without floor: rates for 160 labels, a budget of 100. */
export interface CapRun {
  readonly tasks: number;
  readonly errorHorvitzThompson: number;
  readonly errorDefault: number;
  readonly isCovered: boolean;
}

export const CAP = { wanted: 160, budget: 100 };

export function runCap(seed: number, run: number): CapRun {
  const prepared = prepare(drawStream(createChance(seed, 2, run)));
  const { stream } = prepared;
  const limits = { budgetLeft: CAP.budget, floor: 0 };
  const batch = selectFrom(prepared, confidenceDesign, CAP.wanted, limits);
  const simulated = simulatedFrom(prepared, batch);
  const sample = simulated.flatMap(({ decision }, index) =>
    decision?.isSelected === true ? [{ a: stream.right[index] ?? 0, pi: decision.pi }] : [],
  );
  const { accuracy, lower, upper, selected } = estimateOf(simulated, WINDOW);
  const truth = stream.accuracy;
  return {
    tasks: selected,
    errorHorvitzThompson: horvitzThompson(sample, stream.u.length).mean - truth,
    errorDefault: (accuracy ?? NaN) - truth,
    isCovered: (lower ?? 1) <= truth && truth <= (upper ?? 0),
  };
}

/** Is what a smaller rate selects part of what a larger one selects from the same ids? */
export function isSuperset(seed: number, run: number): boolean {
  const prepared = prepare(drawStream(createChance(seed, 3, run)));
  const limits = { budgetLeft: STREAM_SIZE, floor: 0 };
  return DESIGNS.every((design) => {
    const chosen = (labels: number): readonly boolean[] =>
      selectFrom(prepared, design, labels, limits).decisions.map(
        ({ decision }) => decision.isSelected,
      );
    const larger = chosen(300);
    return chosen(200).every((isSelected, index) => !isSelected || larger[index] === true);
  });
}
