import {
  type Annotation,
  type Answer,
  latestPerAnnotator,
  type Verdict,
} from '../domain/annotation.ts';
import { NONE_OF_THESE } from '../domain/prediction.ts';

const ANNOTATORS_MAX = 5;

type Unusable = Extract<Answer, { kind: 'unusable' }>;

/**
 * What the annotations of one task say together: the class that more than half of the usable answers give.
 * Of each annotator the latest answer counts. The order of the annotations does not matter.
 * @param annotations all that the task has now, tombstones left out
 * @see docs/statistics.md, "Several annotators"
 */
export function reachVerdict(annotations: readonly Annotation[]): Verdict {
  const latest = latestPerAnnotator(annotations);
  const votes = latest.flatMap(voteOf);
  if (votes.length > 0) return verdictOfVotes(votes);
  const unusable = latest.find(({ answer }) => answer.kind === 'unusable');
  if (unusable !== undefined) return unusable.answer as Unusable;
  return latest.length > 0 ? { kind: 'skipped' } : { kind: 'pending' };
}

/**
 * How many different people should answer the task. One more for a tie, up to five.
 * @param input.annotationsPerTask asked for from the start, >= 1
 * @param input.isOverlapping the task is one of those that get a second annotator
 */
export function annotatorsWanted(input: {
  readonly annotations: readonly Annotation[];
  readonly annotationsPerTask: number;
  readonly isOverlapping: boolean;
}): number {
  const { annotations, annotationsPerTask, isOverlapping } = input;
  const wanted = Math.max(annotationsPerTask, isOverlapping ? 2 : 1);
  if (reachVerdict(annotations).kind !== 'disagreed') return wanted;
  const answered = new Set(annotations.map(({ annotator }) => annotator)).size;
  return Math.max(wanted, Math.min(ANNOTATORS_MAX, answered + 1));
}

/**
 * Does this task get a second annotator, so that agreement can be measured?
 * @param input.isRandom the unit belongs to the random part
 * @param input.overlapNumber the prediction's second permanent random number, in [0, 1)
 * @param input.overlapShare in [0, 1]
 * @param input.annotatorCount people who answer these days
 */
export function overlapDraw(input: {
  readonly isRandom: boolean;
  readonly overlapNumber: number;
  readonly overlapShare: number;
  readonly annotatorCount: number;
}): boolean {
  const { isRandom, overlapNumber, overlapShare, annotatorCount } = input;
  return isRandom && annotatorCount >= 2 && overlapNumber < overlapShare;
}

interface Vote {
  readonly trueClass: string;
  readonly at: number;
}

function voteOf({ answer, updatedAt }: Annotation): readonly Vote[] {
  switch (answer.kind) {
    case 'class':
      return [{ trueClass: answer.trueClass, at: updatedAt }];
    case 'none_of_these':
      return [{ trueClass: NONE_OF_THESE, at: updatedAt }];
    case 'skipped':
    case 'unusable':
      return [];
  }
}

function verdictOfVotes(votes: readonly Vote[]): Verdict {
  const counts = new Map<string, number>();
  for (const { trueClass } of votes) counts.set(trueClass, (counts.get(trueClass) ?? 0) + 1);
  for (const [trueClass, count] of counts)
    if (2 * count > votes.length) return { kind: 'agreed', trueClass };
  const shares = Object.fromEntries(
    [...counts]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => [name, count / votes.length]),
  );
  return { kind: 'disagreed', shares, since: Math.max(...votes.map(({ at }) => at)) };
}
