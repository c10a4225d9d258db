import assert from 'node:assert/strict';

import type { Annotation, Verdict } from '../../../src/domain/annotation.ts';
import type { Feedback } from '../../../src/domain/feedback.ts';
import type { PredictionId } from '../../../src/domain/ids.ts';
import { modelVersion, objectKey, predictionId } from '../../../src/domain/ids.ts';
import type { Prediction } from '../../../src/domain/prediction.ts';
import type {
  Candidate,
  CandidateDecision,
  SelectionReason,
} from '../../../src/domain/selection.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { Fence } from '../../../src/ports/store/fence.ts';
import type { OutboxEntry } from '../../../src/ports/store/outbox-store.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** Noon of a day, UTC. */
export const NOON = Date.UTC(2026, 10, 22, 12);
export const HORIZON = 7 * DAY;
export const V1 = modelVersion('v1');

/** A store under test. */
export interface OpenedStore {
  readonly store: Store;
  /** Closes what is open and opens the same records again, as after a restart. */
  readonly restart: () => Promise<Store>;
  readonly dispose: () => Promise<void>;
}

/** The store of the running test, and a lease to write with. */
export interface Bench {
  store: Store;
  fence: Fence;
  opened: OpenedStore;
}

export const LEASE = 'sync';

export async function takeLease(store: Store, holder = 'one', now = NOON): Promise<Fence> {
  const fence = await store.acquireLease(LEASE, holder, now, 60_000);
  assert.ok(fence, `lease for ${holder}`);
  return fence;
}

export function prediction(id: string, changes: Partial<Prediction> = {}): Prediction {
  const at = changes.at ?? NOON;
  return {
    id: predictionId(id),
    at,
    recordedAt: at,
    modelVersion: V1,
    predictedClass: 'Soup',
    confidence: 0.9,
    probabilities: { Soup: 0.9, Rice: 0.1 },
    segment: '',
    objectKey: objectKey(`images/${id}.jpg`),
    contentDigest: `digest-${id}`,
    isLowConfidence: false,
    policyId: 'policy',
    rates: { random: 0.1, lowConfidence: 0, disputed: 0.5, spare: 0.1 },
    source: 'web',
    externalId: null,
    ...changes,
  };
}

export const flag = (id: string, at = NOON + 1000): Feedback => ({
  predictionId: predictionId(id),
  kind: 'flag',
  suggestedClass: null,
  at,
});

export const correction = (id: string, suggestedClass: string, at = NOON + 1000): Feedback => ({
  ...flag(id, at),
  kind: 'correction',
  suggestedClass,
});

let batches = 0;

export interface Choice {
  readonly pi?: number;
  readonly q?: number;
  readonly isSelected?: boolean;
  readonly isRandom?: boolean;
  readonly reasons?: readonly SelectionReason[];
}

/** Decides a candidate as given; by default it is selected into the random project. */
export function decisionFor(
  candidate: Candidate,
  batchId: string,
  decidedAt: number,
  choice: Choice = {},
): CandidateDecision {
  const { pi = 0.5, q = 0.25, isSelected = true, isRandom = isSelected } = choice;
  return {
    predictionId: candidate.predictionId,
    decision: { batchId, decidedAt, pi, q, isSelected, isRandom },
    reasons: choice.reasons ?? (isSelected ? ['random'] : []),
    isDisputed: candidate.disputedBy !== null,
    isRevision: candidate.earlier !== null,
    isNewlySelected: isSelected && candidate.earlier?.isSelected !== true,
  };
}

/** Commits a batch of the given candidates. @returns its id */
export async function commit(
  { store, fence }: Pick<Bench, 'store' | 'fence'>,
  candidates: readonly Candidate[],
  choose: (candidate: Candidate) => Choice = () => ({}),
  decidedAt = NOON + HOUR,
  isDeduplicating = false,
): Promise<string> {
  batches += 1;
  const id = `batch-${batches}`;
  await store.commitBatch(
    {
      id,
      decidedAt,
      tau: 1,
      floor: 0,
      budgetLeft: 100,
      decisions: candidates.map((candidate) =>
        decisionFor(candidate, id, decidedAt, choose(candidate)),
      ),
    },
    fence,
    isDeduplicating,
  );
  return id;
}

/** Records predictions and decides all that wait. */
export async function recordAndDecide(
  bench: Pick<Bench, 'store' | 'fence'>,
  predictions: readonly Prediction[],
  choose: (candidate: Candidate) => Choice = () => ({}),
): Promise<void> {
  await Promise.all(predictions.map((item) => bench.store.recordPrediction(item)));
  await commit(bench, await bench.store.candidates(NOON + 30 * DAY), choose);
}

export const entriesOf = (store: Store, kind: OutboxEntry['kind'] = 'create_task') =>
  store.dueEntries(kind, NOON + 365 * DAY, 10_000);

/** Records, selects and pushes; the tasks get ids 1, 2, ... in the order of their ids' entries. */
export async function pushTasks(
  bench: Pick<Bench, 'store' | 'fence'>,
  ids: readonly string[],
  changes: Partial<Prediction> = {},
): Promise<void> {
  await recordAndDecide(
    bench,
    ids.map((id) => prediction(id, changes)),
  );
  const entries = await entriesOf(bench.store);
  await bench.store.markCreated(
    entries.map((entry) => ({
      entryId: entry.id,
      predictionId: entry.predictionId,
      project: entry.project,
      projectId: 7,
      taskId: 100 + ids.indexOf(entry.predictionId),
      pushedAt: NOON + 2 * HOUR,
    })),
    bench.fence,
  );
}

export const annotation = (
  annotationId: number,
  trueClass: string,
  changes: Partial<Annotation> = {},
): Annotation => ({
  annotationId,
  annotator: 'ann-1',
  answer: { kind: 'class', trueClass },
  createdAt: NOON + 3 * HOUR,
  updatedAt: NOON + 3 * HOUR,
  ...changes,
});

export const agreed = (trueClass: string): Verdict => ({ kind: 'agreed', trueClass });

/** Stores what was pulled for one task. */
export const pull = (
  { store, fence }: Pick<Bench, 'store' | 'fence'>,
  id: string,
  annotations: readonly Annotation[],
  verdict: Verdict,
  at = NOON + 4 * HOUR,
): Promise<void> =>
  store.savePulled(
    [{ predictionId: predictionId(id), annotations, verdict, annotatorsWanted: 1 }],
    { projectId: 7, at },
    fence,
  );

export const pid = (id: string): PredictionId => predictionId(id);
