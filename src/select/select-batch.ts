import type { PredictionId } from '../domain/ids.ts';
import type { Decision } from '../domain/prediction.ts';
import type { Batch, Candidate, CandidateDecision, SelectionReason } from '../domain/selection.ts';
import { wantedRate } from './policy.ts';

export interface BatchInput {
  readonly id: string;
  /** ms since the epoch. */
  readonly decidedAt: number;
  readonly candidates: readonly Candidate[];
  /** Tasks left of the day's budget; below 0 counts as 0. */
  readonly budgetLeft: number;
  /** In (0, 1]: no final probability is smaller (floorRate). */
  readonly floor: number;
  /** The permanent random number of a prediction, in [0, 1). */
  readonly numberOf: (id: PredictionId) => number;
}

/** A candidate with its number u and its wanted rate r. */
interface Ranked {
  readonly candidate: Candidate;
  readonly u: number;
  readonly r: number;
}

/** Priority xi = u / r: the smaller, the sooner taken; never, where nothing is wanted. */
const priorityOf = ({ u, r }: Ranked): number => (r === 0 ? Infinity : u / r);

interface Threshold {
  readonly tau: number;
  readonly floor: number;
}

/**
 * Decides which candidates become tasks: those with the smallest u / r as far as the budget goes, and those below the floor.
 * Every candidate gets its final pi and q, taken or not. A candidate disputed after its first batch comes with `earlier` and
 * the rate of disputed ones: its pi can only rise, and if it is a task already it takes no place of the budget.
 * @throws RangeError when the floor is not in [0, 1]
 * @see Duffield, Lund & Thorup (2007); Ting, arXiv 1708.04970; docs/statistics.md, "Cap and floor"
 */
export function selectBatch(input: BatchInput): Batch {
  const { id, decidedAt, floor } = input;
  if (!(floor >= 0 && floor <= 1))
    throw new RangeError(`The floor must lie in [0, 1], got ${floor}; take it from floorRate().`);
  const budgetLeft = Math.max(0, Math.floor(input.budgetLeft));
  const ranked = input.candidates.map((candidate) => rank(candidate, input.numberOf));
  const tau = thresholdOf(ranked, budgetLeft);
  const decisions = ranked.map((item) => decide(item, { tau, floor }, { id, decidedAt }));
  return { id, decidedAt, tau, floor, budgetLeft, decisions };
}

function rank(candidate: Candidate, numberOf: BatchInput['numberOf']): Ranked {
  const u = numberOf(candidate.predictionId);
  const r =
    candidate.earlier === null
      ? wantedRate(candidate.rates, candidate.disputedBy !== null)
      : candidate.rates.disputed;
  return { candidate, u, r };
}

/** tau = min(1, the (B + 1)th smallest xi); 1 when the budget is enough for all. */
function thresholdOf(ranked: readonly Ranked[], budgetLeft: number): number {
  if (ranked.length <= budgetLeft) return 1;
  const competing = ranked.filter(({ candidate }) => candidate.earlier?.isSelected !== true);
  if (competing.length <= budgetLeft) return 1;
  const priorities = Float64Array.from(competing, priorityOf).sort();
  return Math.min(1, priorities[budgetLeft] ?? 1);
}

function decide(
  item: Ranked,
  threshold: Threshold,
  batch: { readonly id: string; readonly decidedAt: number },
): CandidateDecision {
  const { candidate } = item;
  const { earlier } = candidate;
  const decision =
    earlier === null
      ? freshDecision(item, threshold, batch)
      : revised(item, earlier, threshold, batch);
  return {
    predictionId: candidate.predictionId,
    decision,
    reasons: decision.isSelected ? reasonsOf(item, decision.isRandom, threshold.tau) : NO_REASONS,
    isDisputed: candidate.disputedBy !== null,
    isRevision: earlier !== null,
    isNewlySelected: decision.isSelected && earlier?.isSelected !== true,
  };
}

type BatchName = Pick<Batch, 'id' | 'decidedAt'>;

const NO_REASONS: readonly SelectionReason[] = [];

const isTaken = (item: Ranked, threshold: Threshold): boolean =>
  priorityOf(item) < threshold.tau || item.u < threshold.floor;

const final = (rate: number, threshold: Threshold): number =>
  Math.max(threshold.floor, Math.min(1, rate * threshold.tau));

function freshDecision(item: Ranked, threshold: Threshold, batch: BatchName): Decision {
  const q = final(item.candidate.rates.random, threshold);
  const isSelected = isTaken(item, threshold);
  return {
    batchId: batch.id,
    decidedAt: batch.decidedAt,
    pi: final(item.r, threshold),
    q,
    isSelected,
    isRandom: isSelected && item.u < q,
  };
}

/** The same number u keeps what was selected; q and membership of the random part stay as they were. */
function revised(
  item: Ranked,
  earlier: Decision,
  threshold: Threshold,
  batch: BatchName,
): Decision {
  return {
    batchId: batch.id,
    decidedAt: batch.decidedAt,
    pi: Math.max(earlier.pi, final(item.r, threshold)),
    q: earlier.q,
    isSelected: earlier.isSelected || isTaken(item, threshold),
    isRandom: earlier.isRandom,
  };
}

function reasonsOf(
  { candidate, u }: Ranked,
  isRandom: boolean,
  tau: number,
): readonly SelectionReason[] {
  const { rates, disputedBy, earlier } = candidate;
  const dispute = disputedBy === 'model' ? 'models_differ' : 'disputed';
  // A late dispute that is taken is taken because of the dispute, also where only the floor reaches it.
  if (earlier !== null) return isRandom ? ['random', dispute] : [dispute];
  const isBelow = (rate: number): boolean => u < Math.min(1, rate * tau);
  const reasons: SelectionReason[] = [];
  if (isRandom) reasons.push('random');
  if (isBelow(rates.lowConfidence)) reasons.push('low_confidence');
  if (disputedBy !== null && isBelow(rates.disputed)) reasons.push(dispute);
  if (isBelow(rates.spare)) reasons.push('spare');
  return reasons.length > 0 ? reasons : ['spare'];
}
