import type { Task } from '../domain/annotation.ts';
import type { Feedback } from '../domain/feedback.ts';
import type { Decision, StoredPrediction } from '../domain/prediction.ts';
import type { RecordAnswer } from './api-schemas.ts';

interface Records {
  readonly prediction: StoredPrediction;
  readonly feedback: readonly Feedback[];
  readonly task: Task | null;
  readonly imageUrl: string;
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** Everything that is kept about one prediction, for whoever runs the service. */
export function predictionJson({ prediction, feedback, task, imageUrl }: Records): RecordAnswer {
  return {
    id: prediction.id,
    at: iso(prediction.at),
    recorded_at: iso(prediction.recordedAt),
    source: prediction.source,
    external_id: prediction.externalId,
    model_version: prediction.modelVersion,
    prediction: prediction.predictedClass,
    probability: prediction.confidence,
    probabilities: prediction.probabilities,
    segment: prediction.segment,
    is_low_confidence: prediction.isLowConfidence,
    is_disputed: prediction.isDisputed,
    shadow_answer: shadowJson(prediction.shadowAnswer),
    policy_id: prediction.policyId,
    rates: prediction.rates,
    decision: decisionJson(prediction.decision),
    feedback: feedback.map(({ kind, suggestedClass, at }) => ({
      kind,
      suggested_class: suggestedClass,
      at: iso(at),
    })),
    task: taskJson(task),
    image_url: imageUrl,
  };
}

const shadowJson = (answer: StoredPrediction['shadowAnswer']): RecordAnswer['shadow_answer'] =>
  answer && {
    model_version: answer.modelVersion,
    prediction: answer.predictedClass,
    probability: answer.confidence,
    at: iso(answer.at),
  };

const decisionJson = (decision: Decision | null): RecordAnswer['decision'] =>
  decision && {
    batch_id: decision.batchId,
    decided_at: iso(decision.decidedAt),
    pi: decision.pi,
    q: decision.q,
    is_selected: decision.isSelected,
    is_random: decision.isRandom,
  };

const taskJson = (task: Task | null): RecordAnswer['task'] =>
  task && {
    project: task.project,
    project_id: task.projectId,
    task_id: task.taskId,
    pushed_at: iso(task.pushedAt),
    verdict: { ...task.verdict },
    annotations: task.annotations.length,
    deleted_at: task.deletedAt === null ? null : iso(task.deletedAt),
  };
