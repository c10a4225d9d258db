import type { Feedback } from '../domain/feedback.ts';
import { confidencePercent } from './percent.ts';

const LIKELIEST = 3;

/** One class with its probability, as a bar. */
export interface Bar {
  readonly className: string;
  readonly percent: string;
  /** Length, as an SVG attribute. */
  readonly width: string;
}

/** What a page shows of one answer. */
export interface AnswerView {
  readonly predictedClass: string;
  readonly confidence: string;
  readonly isSure: boolean;
  /** The three likeliest classes; one where the classifier says no more. */
  readonly bars: readonly Bar[];
}

/** What the visitor said so far. */
export interface SaidView {
  readonly hasConfirmed: boolean;
  readonly hasFlagged: boolean;
  readonly correction: string | null;
}

interface Answered {
  readonly predictedClass: string;
  readonly confidence: number;
  readonly probabilities: Readonly<Record<string, number>> | null;
}

/** @param threshold confidence below it is "not sure" */
export function answerView(answer: Answered, threshold: number): AnswerView {
  const known = answer.probabilities ?? { [answer.predictedClass]: answer.confidence };
  const bars = Object.entries(known)
    .sort((a, b) => b[1] - a[1])
    .slice(0, LIKELIEST)
    .map(([className, p]) => ({
      className,
      percent: confidencePercent(p),
      width: `${(p * 100).toFixed(1)}%`,
    }));
  return {
    predictedClass: answer.predictedClass,
    confidence: confidencePercent(answer.confidence),
    isSure: answer.confidence >= threshold,
    bars,
  };
}

/** @param live feedback of one prediction that was not taken back */
export function saidView(live: readonly Feedback[]): SaidView {
  return {
    hasConfirmed: live.some(({ kind }) => kind === 'confirmation'),
    hasFlagged: live.some(({ kind }) => kind === 'flag'),
    correction: live.find(({ kind }) => kind === 'correction')?.suggestedClass ?? null,
  };
}

const THANKS: Readonly<Record<string, string>> = {
  confirmation: 'Thank you, noted. People check a part of all answers; this one may be among them.',
  flag: 'Thank you. This makes it likelier that a person looks at the photo. The answer itself stays as it is.',
  correction:
    'Thank you. This makes it likelier that a person looks at the photo and decides. The answer itself stays as it is.',
  undo: 'Taken back.',
};

/** @param said the kind of feedback just given, as it came in the address @returns what happens next, in words */
export const thanksFor = (said: unknown): string | null =>
  typeof said === 'string' && Object.hasOwn(THANKS, said) ? (THANKS[said] ?? null) : null;
