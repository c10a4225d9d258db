import type { Answer, Verdict } from '../../src/domain/annotation.ts';
import { modelVersion, objectKey, predictionId } from '../../src/domain/ids.ts';
import type { StoredPrediction } from '../../src/domain/prediction.ts';
import type { PredictionRecord } from '../../src/ports/store/prediction-store.ts';

export const AT = Date.UTC(2026, 10, 22, 12);

/** A record as a store gives it; by default decided, selected and not answered. */
export function record(
  id: string,
  changes: {
    readonly prediction?: Partial<StoredPrediction>;
    readonly isRandom?: boolean;
    readonly verdict?: Verdict;
    readonly answers?: readonly Answer[];
    readonly deletedAt?: number | null;
    readonly feedback?: readonly (readonly ['flag' | 'correction' | 'confirmation', string?])[];
  } = {},
): PredictionRecord {
  const { isRandom = false, answers = [], feedback = [] } = changes;
  const prediction: StoredPrediction = {
    id: predictionId(id),
    at: AT,
    recordedAt: AT,
    modelVersion: modelVersion('v1'),
    predictedClass: 'Soup',
    confidence: 0.9,
    probabilities: { Soup: 0.9, Rice: 0.1 },
    segment: '',
    objectKey: objectKey(`images/${id}.jpg`),
    contentDigest: id,
    isLowConfidence: false,
    policyId: 'policy',
    rates: { random: 0.1, lowConfidence: 0, disputed: 0.5, spare: 0.1 },
    source: 'web',
    externalId: null,
    isDisputed: false,
    shadowAnswer: null,
    decision: { batchId: 'b', decidedAt: AT, pi: 0.5, q: 0.25, isSelected: true, isRandom },
    ...changes.prediction,
  };
  return {
    prediction,
    feedback: feedback.map(([kind, suggestedClass = null]) => ({
      ...{ predictionId: prediction.id, kind, suggestedClass, at: AT },
    })),
    task: {
      predictionId: prediction.id,
      project: 'random',
      projectId: 1,
      taskId: 1,
      pushedAt: AT,
      annotatorsWanted: 1,
      verdict: changes.verdict ?? { kind: 'pending' },
      annotations: answers.map((answer, index) => ({
        ...{ annotationId: index, annotator: `person-${index}`, answer },
        ...{ createdAt: AT, updatedAt: AT },
      })),
      deletedAt: changes.deletedAt ?? null,
    },
  };
}

export const agreedOn = (
  trueClass: string,
): Pick<Parameters<typeof record>[1] & object, 'verdict' | 'answers'> => ({
  verdict: { kind: 'agreed', trueClass },
  answers: [{ kind: 'class', trueClass }],
});
