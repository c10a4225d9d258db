import type { Annotation, Task, Verdict } from '../../domain/annotation.ts';
import type { ModelVersion, ObjectKey, PredictionId } from '../../domain/ids.ts';
import type { Decision, StoredPrediction } from '../../domain/prediction.ts';
import type { Disputant, ProjectKind, SelectionReason } from '../../domain/selection.ts';
import type { OutboxEntry } from '../../ports/store/outbox-store.ts';

/** A row of `predictions`. */
export interface PredictionRow {
  readonly number: number;
  readonly id: PredictionId;
  readonly at: number;
  readonly recorded_at: number;
  readonly model_version: ModelVersion;
  readonly predicted_class: string;
  readonly confidence: number;
  readonly probabilities: string | null;
  readonly segment: string;
  readonly object_key: ObjectKey | null;
  readonly content_digest: string;
  readonly is_low_confidence: number;
  readonly policy_id: string;
  readonly rate_random: number;
  readonly rate_low_confidence: number;
  readonly rate_disputed: number;
  readonly rate_spare: number;
  readonly source: StoredPrediction['source'];
  readonly external_id: string | null;
  readonly is_disputed: number;
  readonly awaits_revision: number;
  readonly is_erased: number;
  readonly batch_id: string | null;
  readonly decided_at: number | null;
  readonly pi: number | null;
  readonly q: number | null;
  readonly is_selected: number | null;
  readonly is_random: number | null;
  /** Disputed, but by no person. */
  readonly disputed_by_model: number;
  readonly shadow_version: ModelVersion | null;
  readonly shadow_class: string | null;
  readonly shadow_confidence: number | null;
  readonly shadow_at: number | null;
}

/** A row of `units`: a selected prediction, its task and its outcome. */
export interface UnitRow {
  readonly number: number;
  readonly prediction_id: PredictionId;
  readonly at: number;
  readonly segment: string;
  readonly predicted_class: string;
  readonly confidence: number;
  readonly probabilities: string | null;
  readonly is_low_confidence: number;
  readonly is_disputed: number;
  readonly pi: number;
  readonly q: number;
  readonly is_random: number;
  readonly reasons: string;
  readonly has_flag: number;
  readonly correction: string | null;
  readonly is_erased: number;
  readonly project: ProjectKind | null;
  readonly project_id: number | null;
  readonly task_id: number | null;
  readonly pushed_at: number | null;
  readonly annotators_wanted: number;
  readonly annotations: string;
  readonly verdict: string;
  readonly verdict_kind: Verdict['kind'];
  readonly tie_since: number | null;
  readonly reached_at: number | null;
  readonly deleted_at: number | null;
  /** SHA-256 (hex) of the image; '' once erased. */
  readonly content_digest: string;
  /** The prediction whose task this one shares; null for one with a task of its own. */
  readonly joined_to: PredictionId | null;
}

/** A row of `outbox`. */
export interface OutboxRow {
  readonly id: number;
  readonly kind: OutboxEntry['kind'];
  readonly prediction_id: PredictionId;
  readonly project: ProjectKind;
  readonly reasons: string;
  readonly attempts: number;
  readonly created_at: number;
  readonly not_before: number;
  readonly state: OutboxEntry['state'];
  readonly last_error: string | null;
  readonly task_id: number | null;
}

export const parseProbabilities = (text: string | null): Readonly<Record<string, number>> | null =>
  text === null ? null : (JSON.parse(text) as Record<string, number>);

export const ratesOf = (row: PredictionRow): StoredPrediction['rates'] => ({
  random: row.rate_random,
  lowConfidence: row.rate_low_confidence,
  disputed: row.rate_disputed,
  spare: row.rate_spare,
});

export function decisionOf(row: PredictionRow): Decision | null {
  if (row.pi === null || row.q === null || row.batch_id === null || row.decided_at === null)
    return null;
  return {
    batchId: row.batch_id,
    decidedAt: row.decided_at,
    pi: row.pi,
    q: row.q,
    isSelected: row.is_selected === 1,
    isRandom: row.is_random === 1,
  };
}

export function shadowAnswerOf(row: PredictionRow): StoredPrediction['shadowAnswer'] {
  const { shadow_version: modelVersion, shadow_class: predictedClass } = row;
  const { shadow_confidence: confidence, shadow_at: at } = row;
  if (modelVersion === null || predictedClass === null || confidence === null || at === null)
    return null;
  return { modelVersion, predictedClass, confidence, at };
}

export function disputantOf(row: PredictionRow): Disputant | null {
  if (row.is_disputed === 0) return null;
  return row.disputed_by_model === 1 ? 'model' : 'person';
}

export const predictionOf = (
  row: PredictionRow & { readonly object_key: ObjectKey },
): StoredPrediction => ({
  id: row.id,
  at: row.at,
  recordedAt: row.recorded_at,
  modelVersion: row.model_version,
  predictedClass: row.predicted_class,
  confidence: row.confidence,
  probabilities: parseProbabilities(row.probabilities),
  segment: row.segment,
  objectKey: row.object_key,
  contentDigest: row.content_digest,
  isLowConfidence: row.is_low_confidence === 1,
  policyId: row.policy_id,
  rates: ratesOf(row),
  source: row.source,
  externalId: row.external_id,
  isDisputed: row.is_disputed === 1,
  shadowAnswer: shadowAnswerOf(row),
  decision: decisionOf(row),
});

export const annotationsOf = (row: UnitRow): readonly Annotation[] =>
  JSON.parse(row.annotations) as Annotation[];
export const verdictOf = (row: UnitRow): Verdict => JSON.parse(row.verdict) as Verdict;
export const reasonsOf = (text: string): readonly SelectionReason[] =>
  JSON.parse(text) as SelectionReason[];

/** The task of a unit; null before it is pushed and once it is erased. */
export function taskOf(row: UnitRow): Task | null {
  const { project, project_id: projectId, task_id: taskId, pushed_at: pushedAt } = row;
  if (project === null || projectId === null || taskId === null || pushedAt === null) return null;
  return {
    predictionId: row.prediction_id,
    project,
    projectId,
    taskId,
    pushedAt,
    annotatorsWanted: row.annotators_wanted,
    verdict: verdictOf(row),
    annotations: annotationsOf(row),
    deletedAt: row.deleted_at,
  };
}

export const entryOf = (row: OutboxRow): OutboxEntry => ({
  id: row.id,
  kind: row.kind,
  predictionId: row.prediction_id,
  project: row.project,
  reasons: reasonsOf(row.reasons),
  attempts: row.attempts,
  createdAt: row.created_at,
  notBefore: row.not_before,
  state: row.state,
  lastError: row.last_error,
  taskId: row.task_id,
});
