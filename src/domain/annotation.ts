import type { PredictionId } from './ids.ts';
import type { ProjectKind } from './selection.ts';

/**
 * What one annotation says, after reading: Label Studio validates nothing, so unknown class, several classes and none
 * are `unusable`, counted and shown, never guessed. A skip means "cannot tell".
 */
export type Answer =
  | { readonly kind: 'class'; readonly trueClass: string }
  | { readonly kind: 'none_of_these' }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'unusable'; readonly why: 'unknown_class' | 'several_classes' | 'no_class' };

/** One annotator's submitted answer to a task, as last pulled. */
export interface Annotation {
  readonly annotationId: number;
  /** Opaque id of the annotator in the labelling tool; never a name or an address. */
  readonly annotator: string;
  readonly answer: Answer;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * Where the annotations of a task stand.
 * `disagreed` carries the votes: a tie that nobody breaks within the label SLA counts by its vote share.
 */
export type Verdict =
  | { readonly kind: 'pending' }
  /** `trueClass` is a class of the model, or NONE_OF_THESE. */
  | { readonly kind: 'agreed'; readonly trueClass: string }
  /** Class (or NONE_OF_THESE) -> share of the votes; sums to 1. `since` = ms when the tie came about. */
  | {
      readonly kind: 'disagreed';
      readonly shares: Readonly<Record<string, number>>;
      readonly since: number;
    }
  /** `skipped`: all who answered said "cannot tell"; `unusable`: nothing that can be read. */
  | { readonly kind: 'skipped' }
  | { readonly kind: 'unusable'; readonly why: 'unknown_class' | 'several_classes' | 'no_class' };

/** Stands for the project of a task whose own is gone: none has this id, so that it counts as lost from then on. */
export const NO_PROJECT = 0;
/** Likewise of one whose labels an operator has decided to keep: it is not reported again. */
export const KEPT_FOR_GOOD = -1;

/** Our record of a task in the labelling tool. */
export interface Task {
  readonly predictionId: PredictionId;
  readonly project: ProjectKind;
  readonly projectId: number;
  readonly taskId: number;
  readonly pushedAt: number;
  /** Annotators asked for; 1, or more once overlap or a tie asked for another. */
  readonly annotatorsWanted: number;
  readonly verdict: Verdict;
  readonly annotations: readonly Annotation[];
  /** ms when the task was found gone; its labels count no longer (unless kept on purpose). Null while it is there. */
  readonly deletedAt: number | null;
}

/** Does somebody still have to look at the task's picture? */
export const isOpen = ({ verdict, annotations, annotatorsWanted }: Task): boolean =>
  verdict.kind === 'pending' ||
  verdict.kind === 'disagreed' ||
  new Set(annotations.map(({ annotator }) => annotator)).size < annotatorsWanted;

/**
 * When a verdict was reached: with the newest of its answers; editing one later makes no new label.
 * @param seenAt ms; stands in where no annotation is left
 * @returns ms, or null while the verdict is pending
 */
export function verdictReachedAt(
  verdict: Verdict,
  annotations: readonly Annotation[],
  seenAt: number,
): number | null {
  if (verdict.kind === 'pending') return null;
  return annotations.length === 0
    ? seenAt
    : Math.max(...annotations.map(({ createdAt }) => createdAt));
}

/**
 * What each annotator says: the latest answer; a skip only when nothing else came from that person.
 * @returns one of each annotator, oldest first
 */
export function latestPerAnnotator(annotations: readonly Annotation[]): readonly Annotation[] {
  const latest = new Map<string, Annotation>();
  for (const annotation of annotations) {
    const known = latest.get(annotation.annotator);
    if (known === undefined || supersedes(annotation, known))
      latest.set(annotation.annotator, annotation);
  }
  return [...latest.values()].sort(inTime);
}

const isSkip = ({ answer }: Annotation): boolean => answer.kind === 'skipped';
const inTime = (a: Annotation, b: Annotation): number =>
  a.updatedAt - b.updatedAt || a.annotationId - b.annotationId;

function supersedes(annotation: Annotation, known: Annotation): boolean {
  if (isSkip(annotation) !== isSkip(known)) return isSkip(known);
  return inTime(annotation, known) > 0;
}

/** A change of one annotation between two readings of its task; `annotation` null: it is gone (a tombstone). */
export interface AnnotationChange {
  readonly annotationId: number;
  readonly annotation: Annotation | null;
}

/**
 * What changed from one complete list of a task's annotations to the next; what is not in `now` was deleted.
 * @returns new and edited annotations, then tombstones
 */
export function annotationChanges(
  before: readonly Annotation[],
  now: readonly Annotation[],
): readonly AnnotationChange[] {
  const known = new Map(before.map((item) => [item.annotationId, JSON.stringify(item)]));
  const present = new Set(now.map(({ annotationId }) => annotationId));
  return [
    ...now
      .filter((item) => known.get(item.annotationId) !== JSON.stringify(item))
      .map((annotation) => ({ annotationId: annotation.annotationId, annotation })),
    ...before
      .filter(({ annotationId }) => !present.has(annotationId))
      .map(({ annotationId }) => ({ annotationId, annotation: null })),
  ];
}
