import type { Annotation, Task, Verdict } from '../../domain/annotation.ts';
import type { Feedback } from '../../domain/feedback.ts';
import type { PredictionId } from '../../domain/ids.ts';
import type { Decision, Prediction, StoredPrediction } from '../../domain/prediction.ts';
import type { ProjectKind, SelectionReason } from '../../domain/selection.ts';
import type { ShadowAnswer } from '../../domain/shadow-answer.ts';
import type { Unit } from '../../domain/unit.ts';
import { outcomeOf, usableAnswers } from '../../domain/unit.ts';
import type { OutboxEntry } from '../../ports/store/outbox-store.ts';
import type { Connection } from './connection.ts';
import type { IndexEntry, Transaction } from './transaction.ts';

/** A prediction with all that happened to it. */
export interface PredictionDocument {
  readonly prediction: Prediction;
  readonly isDisputed: boolean;
  readonly awaitsRevision: boolean;
  readonly isErased: boolean;
  readonly decision: Decision | null;
  /** Live feedback, oldest first. */
  readonly feedback: readonly Feedback[];
  /** Feedback that was taken back or replaced. */
  readonly pastFeedback: readonly (Feedback & { readonly revokedAt: number })[];
  /** Disputed, but by no person; absent: not so. */
  readonly isDisputedByModel?: boolean;
  /** Absent in records of a program that asked no second model. */
  readonly shadowAnswer?: StoredPrediction['shadowAnswer'];
}

/** A selected prediction, its task and its outcome. */
export interface UnitDocument {
  /** What an estimate reads, but for what follows from the task. */
  readonly unit: Omit<Unit, 'outcome' | 'answers'>;
  readonly modelVersion: string;
  readonly reasons: readonly SelectionReason[];
  readonly isErased: boolean;
  readonly task: {
    readonly project: ProjectKind;
    readonly projectId: number;
    readonly taskId: number;
    readonly pushedAt: number;
  } | null;
  readonly annotatorsWanted: number;
  readonly annotations: readonly Annotation[];
  readonly verdict: Verdict;
  readonly reachedAt: number | null;
  readonly deletedAt: number | null;
  /** SHA-256 (hex) of the image; '' once erased. */
  readonly contentDigest: string;
  /** The prediction whose task this one shares; null for one with a task of its own. */
  readonly joinedTo: PredictionId | null;
  /** Those that share this one's task, oldest first. */
  readonly sharers: readonly PredictionId[];
  /** What the model that did not serve named; absent where it was not asked, or not yet. */
  readonly shadow?: ShadowClass;
}

type ShadowClass = Pick<ShadowAnswer, 'modelVersion' | 'predictedClass'>;

export const predictionKey = (connection: Connection, id: PredictionId): string =>
  connection.key('prediction', id);
export const unitKey = (connection: Connection, id: PredictionId): string =>
  connection.key('unit', id);
/** Lists the selected predictions of one content that have a task of their own. */
export const contentKey = (connection: Connection, digest: string): string =>
  connection.key('content', digest);
export const entryKey = (connection: Connection, id: number): string => connection.key('entry', id);

/** Lists the selected predictions of the pair on which the two named different classes. */
export const differingKey = (
  connection: Connection,
  { served, other }: { readonly served: string; readonly other: string },
): string => connection.key('differing', served, other);

/** Stores a prediction in place of what it was, in every index that lists it. */
export function savePrediction(
  connection: Connection,
  transaction: Transaction,
  before: PredictionDocument | null,
  after: PredictionDocument | null,
): void {
  save(transaction, before, after, {
    key: ({ prediction }) => predictionKey(connection, prediction.id),
    indexes: ({ prediction, decision, awaitsRevision }) => {
      const at = (name: string): IndexEntry => [
        connection.key(name),
        prediction.recordedAt,
        prediction.id,
      ];
      if (decision === null) return [at('undecided')];
      if (awaitsRevision) return [at('revisions')];
      return decision.isSelected ? [] : [at('forgettable')];
    },
  });
}

/** Stores a unit likewise. */
export function saveUnit(
  connection: Connection,
  transaction: Transaction,
  before: UnitDocument | null,
  after: UnitDocument | null,
): void {
  save(transaction, before, after, {
    key: ({ unit }) => unitKey(connection, unit.predictionId),
    indexes: (document) => unitIndexes(connection, document),
  });
}

function unitIndexes(connection: Connection, document: UnitDocument): IndexEntry[] {
  const { unit, task, verdict, reachedAt, deletedAt, contentDigest } = document;
  const id = unit.predictionId;
  const isThere = task !== null && deletedAt === null;
  const isOwn = document.joinedTo === null && deletedAt === null;
  const isOpen = isOwn && verdict.kind === 'pending' && !document.isErased;
  const { modelVersion: served, shadow } = document;
  const entries: IndexEntry[] = [[connection.key('units', served), unit.at, id]];
  if (shadow !== undefined && shadow.predictedClass !== unit.predictedClass)
    entries.push([differingKey(connection, { served, other: shadow.modelVersion }), unit.at, id]);
  if (isThere) entries.push([connection.key('tasks', task.project), 0, id]);
  if (isThere && verdict.kind === 'disagreed')
    entries.push([connection.key('ties'), verdict.since, id]);
  if (reachedAt !== null) entries.push([connection.key('reached'), reachedAt, id]);
  if (isOpen) entries.push([connection.key('open'), 0, id]);
  if (isOwn && contentDigest !== '')
    entries.push([contentKey(connection, contentDigest), unit.at, id]);
  return entries;
}

/** Stores an outbox entry likewise. */
export function saveEntry(
  connection: Connection,
  transaction: Transaction,
  before: OutboxEntry | null,
  after: OutboxEntry | null,
): void {
  save(transaction, before, after, {
    key: ({ id }) => entryKey(connection, id),
    indexes: ({ id, kind, state, predictionId, createdAt }) => [
      [connection.key('outbox', state, kind), id, String(id)],
      [connection.key('outbox-created', state, kind), createdAt, String(id)],
      [connection.key('outbox-of', predictionId), id, String(id)],
    ],
  });
}

interface Place<Document> {
  readonly key: (document: Document) => string;
  readonly indexes: (document: Document) => readonly IndexEntry[];
}

function save<Document>(
  transaction: Transaction,
  before: Document | null,
  after: Document | null,
  { key, indexes }: Place<Document>,
): void {
  if (before !== null && (after === null || key(after) !== key(before)))
    transaction.write(key(before), null);
  if (after !== null) transaction.write(key(after), JSON.stringify(after));
  transaction.moveIndexes(
    before === null ? [] : indexes(before),
    after === null ? [] : indexes(after),
  );
}

export const storedPrediction = (document: PredictionDocument): StoredPrediction => ({
  ...document.prediction,
  isDisputed: document.isDisputed,
  shadowAnswer: document.shadowAnswer ?? null,
  decision: document.decision,
});

/** The task of a unit; null before it is pushed and once it is erased. */
export const taskOf = (document: UnitDocument): Task | null =>
  document.task === null
    ? null
    : {
        predictionId: document.unit.predictionId,
        ...document.task,
        annotatorsWanted: document.annotatorsWanted,
        verdict: document.verdict,
        annotations: document.annotations,
        deletedAt: document.deletedAt,
      };

/** @param host the one that has the task, where it is shared: what became of it is read from there, its answers count there, once */
export const unitOf = (
  document: UnitDocument,
  host: UnitDocument | null,
  tiesBefore: number,
): Unit => ({
  ...document.unit,
  outcome: outcomeOf(host ?? document, tiesBefore),
  answers: usableAnswers(document.annotations),
});

/** What a unit keeps of the other model's answer. */
export const shadowOf = (
  answer: PredictionDocument['shadowAnswer'],
): Pick<UnitDocument, 'shadow'> =>
  answer == null
    ? {}
    : { shadow: { modelVersion: answer.modelVersion, predictedClass: answer.predictedClass } };

/** What a unit shows of feedback: a live flag or correction, and the corrected class. */
export const shownFeedback = (
  feedback: readonly Feedback[],
): Pick<Unit, 'hasFlag' | 'correction'> => ({
  hasFlag: feedback.some(({ kind }) => kind !== 'confirmation'),
  correction: feedback.find(({ kind }) => kind === 'correction')?.suggestedClass ?? null,
});
