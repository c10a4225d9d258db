import type { Annotation, Answer } from '../domain/annotation.ts';
import { NONE_OF_THESE } from '../domain/prediction.ts';
import type { RawAnnotation } from '../ports/labeling-tool.ts';

/** Name of the control in the label configuration whose choice is the answer. */
const CONTROL = 'label';

/**
 * What an annotation says. The labelling tool validates nothing: a class that is none, several classes and no class at all
 * are told apart, never guessed.
 * @param isClass is this one of the classes that the task's answer may be?
 */
export function readAnswer(
  raw: Pick<RawAnnotation, 'wasCancelled' | 'result'>,
  isClass: (name: string) => boolean,
): Answer {
  if (raw.wasCancelled) return { kind: 'skipped' };
  const [chosen, ...more] = new Set(choicesIn(raw.result));
  if (chosen === undefined) return { kind: 'unusable', why: 'no_class' };
  if (more.length > 0) return { kind: 'unusable', why: 'several_classes' };
  if (chosen === NONE_OF_THESE) return { kind: 'none_of_these' };
  return isClass(chosen)
    ? { kind: 'class', trueClass: chosen }
    : { kind: 'unusable', why: 'unknown_class' };
}

/** @param isClass see readAnswer */
export const readAnnotation = (
  raw: RawAnnotation,
  isClass: (name: string) => boolean,
): Annotation => ({
  annotationId: raw.annotationId,
  annotator: raw.annotator,
  answer: readAnswer(raw, isClass),
  createdAt: raw.createdAt,
  updatedAt: raw.updatedAt,
});

/** The choices of our control; what other controls of a changed configuration say is not ours to read. */
function choicesIn(result: unknown): readonly string[] {
  if (!Array.isArray(result)) return [];
  return result.flatMap((region: unknown) => {
    if (!isRecord(region) || region['from_name'] !== CONTROL || !isRecord(region['value']))
      return [];
    const choices = region['value']['choices'];
    return Array.isArray(choices) ? choices.filter((name) => typeof name === 'string') : [];
  });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;
