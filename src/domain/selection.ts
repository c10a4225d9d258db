import type { PredictionId } from './ids.ts';
import type { Decision, Rates } from './prediction.ts';

/** Why a prediction was selected, in the order in which a task's project is chosen. */
export const SELECTION_REASONS = [
  'random',
  'low_confidence',
  'disputed',
  'models_differ',
  'spare',
] as const;
export type SelectionReason = (typeof SELECTION_REASONS)[number];

/** The three projects. */
export const PROJECT_KINDS = ['random', 'low_confidence', 'disputed'] as const;
export type ProjectKind = (typeof PROJECT_KINDS)[number];

/** The project of a task: that of its first reason; where models differ it is disputed, spare ones join the random project. */
export function projectOf(reasons: readonly SelectionReason[]): ProjectKind {
  const first = SELECTION_REASONS.find((reason) => reasons.includes(reason));
  if (first === 'models_differ') return 'disputed';
  return first === undefined || first === 'spare' ? 'random' : first;
}

/** Policies that a store keeps; predictions carry their own rates. */
export const POLICIES_MAX = 10_000;
/** How long a store knows a batch by its id, ms. */
export const BATCH_KEPT_MS = 90 * 86_400_000;

/** The rates in force from `madeAt` until the next policy. At most one a minute. */
export interface Policy {
  readonly id: string;
  readonly madeAt: number;
  readonly design: 'shares' | 'confidence';
  readonly random: number;
  readonly lowConfidence: number;
  readonly disputed: number;
  readonly spare: number;
  /** For the confidence-driven design: the solved multiplier and the forecast mean of s; null otherwise. */
  readonly confidenceDriven: { readonly multiplier: number; readonly meanS: number } | null;
}

/** Who disputes an answer: a person, or else only another model that answered differently. */
export type Disputant = 'person' | 'model';

/** A prediction whose batch comes now. */
export interface Candidate {
  readonly predictionId: PredictionId;
  readonly rates: Rates;
  readonly isLowConfidence: boolean;
  /** Null: nobody did. Both count alike for the rates; the reason tells them apart. */
  readonly disputedBy: Disputant | null;
  /** Set for a prediction decided earlier that was disputed since (statistics: two-phase); null for a fresh one. */
  readonly earlier: Decision | null;
}

/** What a batch decided about one candidate. */
export interface CandidateDecision {
  readonly predictionId: PredictionId;
  readonly decision: Decision;
  /** Empty when not selected. */
  readonly reasons: readonly SelectionReason[];
  /** What the decision assumed; a dispute that came in between joins the next batch. */
  readonly isDisputed: boolean;
  /** The candidate had been decided before (late dispute). */
  readonly isRevision: boolean;
  /** It becomes a task with this batch (not one already). */
  readonly isNewlySelected: boolean;
}

/**
 * Candidates decided at one moment, with the threshold and the floor that it used. Stored whole; where very many wait, what is
 * decided of them as one is stored as several (splitBatch).
 */
export interface Batch {
  readonly id: string;
  readonly decidedAt: number;
  readonly tau: number;
  readonly floor: number;
  /** Budget left when it was decided, in tasks; for a part, that of the whole. */
  readonly budgetLeft: number;
  readonly decisions: readonly CandidateDecision[];
}
