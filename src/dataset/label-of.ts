import type { Annotation } from '../domain/annotation.ts';
import { NONE_OF_THESE } from '../domain/prediction.ts';
import { usableAnswers } from '../domain/unit.ts';
import type { PredictionRecord } from '../ports/store/prediction-store.ts';

/** Whose word a class is. Only annotators' agreement is verified. */
export type LabelSource = 'annotators' | 'user_correction' | 'user_confirmation' | 'model';

/** The class under which an image is trained with, and what it rests on. */
export interface TrainingLabel {
  readonly className: string;
  readonly source: LabelSource;
  /** People who answered the task with a class (or with none of these). */
  readonly annotators: number;
  /** Share of their answers that name this class; null where nobody answered. */
  readonly agreement: number | null;
}

/** Why a prediction can't be trained with. */
export type NoLabel = 'none_of_these' | 'disagreed' | 'disputed' | 'unlabelled';

/**
 * The label of a prediction, if it has one. A photo of no class at all is none, whoever says otherwise; an answer that a user
 * called wrong is never taken from the model.
 * @param withModelAnswers take the model's own answer where nobody said anything: self-training on unchecked errors
 */
export function labelOf(
  record: PredictionRecord,
  withModelAnswers: boolean,
): TrainingLabel | NoLabel {
  const { prediction, task, feedback } = record;
  const annotations = task?.deletedAt === null ? task.annotations : [];
  const verdict = task?.deletedAt === null ? task.verdict : null;
  if (verdict?.kind === 'agreed')
    return verdict.trueClass === NONE_OF_THESE
      ? 'none_of_these'
      : labelled(verdict.trueClass, 'annotators', annotations);
  const correction = feedback.find(({ kind }) => kind === 'correction')?.suggestedClass;
  if (correction != null) return labelled(correction, 'user_correction', annotations);
  if (verdict?.kind === 'disagreed') return 'disagreed';
  if (feedback.some(({ kind }) => kind === 'flag')) return 'disputed';
  if (feedback.some(({ kind }) => kind === 'confirmation'))
    return labelled(prediction.predictedClass, 'user_confirmation', annotations);
  return withModelAnswers
    ? labelled(prediction.predictedClass, 'model', annotations)
    : 'unlabelled';
}

function labelled(
  className: string,
  source: LabelSource,
  annotations: readonly Annotation[],
): TrainingLabel {
  const answers = usableAnswers(annotations);
  const agreeing = answers.filter(({ answer }) => answer === className).length;
  return {
    className,
    source,
    annotators: answers.length,
    agreement: answers.length === 0 ? null : agreeing / answers.length,
  };
}
