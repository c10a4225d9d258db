import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';

import { modelVersion, objectKey, type PredictionId, predictionId } from '../src/domain/ids.ts';
import type { Prediction } from '../src/domain/prediction.ts';
import type { CandidateDecision } from '../src/domain/selection.ts';
import type { Store } from '../src/ports/store.ts';
import type { Fence } from '../src/ports/store/fence.ts';

const DAY = 86_400_000;
const DAYS = 30;
const CLASSES = Array.from({ length: 11 }, (_, index) => `class ${index}`);
const LABELS = 6000;
const AT_ONCE = 500;
export const VERSION = modelVersion('bench');
/** End of the thirty days. */
export const NOW = Date.UTC(2026, 10, 22, 12);

/** A store with thirty days of traffic, a given number of records, and always the same number of labels. */
export class FilledStore {
  readonly store: Store;
  readonly records: number;
  #fence: Fence | null = null;
  #next = 0;

  private constructor(store: Store, records: number) {
    this.store = store;
    this.records = records;
  }

  static async fill(
    store: Store,
    records: number,
    progress: (done: number) => void,
  ): Promise<FilledStore> {
    const filled = new FilledStore(store, records);
    const fence = await store.acquireLease('sync', 'bench', 0, NOW);
    assert.ok(fence);
    filled.#fence = fence;
    const batch = Math.max(AT_ONCE, Math.floor(records / 100));
    while (filled.#next < records) {
      const start = filled.#next;
      while (filled.#next < Math.min(records, start + batch)) await filled.record(AT_ONCE);
      await filled.decide(Math.round((LABELS * (filled.#next - start)) / records));
      progress(filled.#next);
    }
    await filled.push(LABELS * 2);
    return filled;
  }

  get fence(): Fence {
    assert.ok(this.#fence);
    return this.#fence;
  }

  /** A prediction that was recorded, the same share of the way into both stores. */
  idAt(share: number): PredictionId {
    return idOf(Math.floor(share * this.records));
  }

  async record(count: number): Promise<void> {
    const predictions = Array.from({ length: count }, () =>
      predictionOf(this.#next++, this.records),
    );
    await Promise.all(predictions.map((item) => this.store.recordPrediction(item)));
  }

  /** Decides everything that waits; the first `selected` of it become tasks. */
  async decide(selected: number): Promise<void> {
    const id = `batch-${this.#next}`;
    const candidates = await this.store.candidates(NOW * 2);
    const decisions = candidates.map((candidate, index): CandidateDecision => {
      const isSelected = index < selected || candidate.earlier?.isSelected === true;
      return {
        predictionId: candidate.predictionId,
        decision: {
          ...{ batchId: id, decidedAt: NOW, pi: 0.5, q: 0.25 },
          ...{ isSelected, isRandom: isSelected },
        },
        reasons: isSelected ? ['random'] : [],
        isDisputed: candidate.disputedBy !== null,
        isRevision: candidate.earlier !== null,
        isNewlySelected: isSelected && candidate.earlier === null,
      };
    });
    await this.store.commitBatch(
      { id, decidedAt: NOW, tau: 1, floor: 0, budgetLeft: selected, decisions },
      this.fence,
    );
  }

  /** Sends what waits in the outbox and answers each task. @returns how many */
  async push(limit: number): Promise<number> {
    const entries = await this.store.dueEntries('create_task', NOW * 2, limit);
    const ids = entries.map(({ id }) => id);
    await this.store.beginSend(ids, 0, this.fence);
    await this.store.markCreated(
      entries.map(({ id, predictionId, project }) => ({
        ...{ entryId: id, predictionId, project, projectId: 1, taskId: id, pushedAt: NOW },
      })),
      this.fence,
    );
    await this.pull(entries.map(({ predictionId }) => predictionId));
    return entries.length;
  }

  async pull(ids: readonly PredictionId[]): Promise<void> {
    const trueClass = 'class 1';
    await this.store.savePulled(
      ids.map((predictionId, index) => ({
        predictionId,
        annotations: [
          {
            ...{ annotationId: index, annotator: `annotator-${index % 5}` },
            ...{ answer: { kind: 'class', trueClass } as const, createdAt: NOW, updatedAt: NOW },
          },
        ],
        verdict: { kind: 'agreed', trueClass } as const,
        annotatorsWanted: 1,
      })),
      { projectId: 1, at: NOW },
      this.fence,
    );
  }
}

/** Prediction `number` of `records` that are spread evenly over the thirty days. */
export function predictionOf(number: number, records: number): Prediction {
  const share = Math.min(1, number / records);
  const at = Math.floor(NOW - DAYS * DAY * (1 - share));
  const confidence = (number * 0.618_033_988_75) % 1;
  const predictedClass = CLASSES[number % CLASSES.length] ?? '';
  const others = (1 - confidence) / (CLASSES.length - 1);
  return {
    ...{ id: idOf(number), at, recordedAt: at, modelVersion: VERSION },
    ...{ predictedClass, confidence, segment: '', contentDigest: 'a'.repeat(64) },
    probabilities: Object.fromEntries(
      CLASSES.map((name) => [name, name === predictedClass ? confidence : others]),
    ),
    objectKey: objectKey(`images/${new Date(at).toISOString().slice(0, 10)}/${idOf(number)}.jpg`),
    isLowConfidence: confidence < 0.5,
    policyId: 'policy',
    rates: { random: 0.1, lowConfidence: 0.2, disputed: 1, spare: 0.1 },
    source: 'web',
    externalId: null,
  };
}

/** As scattered as the ids of the service. */
const idOf = (number: number): PredictionId =>
  predictionId(createHash('sha256').update(String(number)).digest('base64url').slice(0, 22));
