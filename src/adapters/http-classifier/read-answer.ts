import { z } from 'zod';

import { ClassifierUnavailable } from '../../domain/errors.ts';
import { modelVersion } from '../../domain/ids.ts';
import type { Classification } from '../../ports/classifier.ts';

/** What fills in where a server says less than it could, and what it must keep to. */
export interface AnswerDefaults {
  /** Classes of the deployment; an answer outside of them is none. */
  readonly classes: readonly string[];
  /** CLASSIFIER_MODEL_VERSION; goes before what the server says. Null: the server's word, else 'unversioned'. */
  readonly modelVersion: string | null;
}

/** Softmax in float32 may come out a hair above 1. */
const ROUNDING = 1e-4;
const SUM_TOLERANCE = 0.01;
const probability = z
  .number()
  .min(0)
  .max(1 + ROUNDING)
  .transform((value) => Math.min(1, value));

const answerSchema = z.object({
  prediction: z.string().min(1).max(200),
  probability,
  probabilities: z.record(z.string(), probability).nullish(),
  model_version: z.string().min(1).max(200).nullish(),
});

/**
 * Reads what a classifier answered.
 * @throws ClassifierUnavailable when it is no prediction of this deployment's classes
 */
export function readAnswer(data: unknown, defaults: AnswerDefaults): Classification {
  const parsed = answerSchema.safeParse(data);
  if (!parsed.success) throw notAnAnswer(z.prettifyError(parsed.error));
  const answer = parsed.data;
  const probabilities = answer.probabilities ?? null;
  for (const name of [answer.prediction, ...Object.keys(probabilities ?? {})])
    if (!defaults.classes.includes(name))
      throw notAnAnswer(`class "${name}" is none of this deployment's classes`);
  if (probabilities !== null && !sumsToOne(probabilities))
    throw notAnAnswer('the probabilities do not sum to 1');
  return {
    predictedClass: answer.prediction,
    confidence: answer.probability,
    probabilities,
    modelVersion: modelVersion(defaults.modelVersion ?? answer.model_version ?? 'unversioned'),
  };
}

const sumsToOne = (probabilities: Readonly<Record<string, number>>): boolean =>
  Math.abs(Object.values(probabilities).reduce((sum, p) => sum + p, 0) - 1) <= SUM_TOLERANCE;

const notAnAnswer = (why: string): ClassifierUnavailable =>
  new ClassifierUnavailable(
    `The classifier's answer is not a prediction: ${why}. Expected {prediction, probability} with a class of MODEL_DIR or CLASSES_FILE.`,
  );
