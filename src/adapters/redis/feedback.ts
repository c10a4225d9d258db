import type { Feedback, FeedbackKind } from '../../domain/feedback.ts';
import { disputesInTime, normaliseFeedback } from '../../domain/feedback.ts';
import type { ModelVersion } from '../../domain/ids.ts';
import { dayOf, hourOf } from '../../domain/window.ts';
import type { Connection } from './connection.ts';
import type { PredictionDocument } from './documents.ts';
import { readRolledUntil, rolledKey } from './population.ts';
import type { Transaction } from './transaction.ts';

const countsKey = (connection: Connection, version: string): string =>
  connection.key('feedback', version);
const countField = (hour: number, kind: FeedbackKind): string => `${hour}:${kind}`;

/** A document after feedback, what the port answers, and whether it disputes the answer in time. */
export interface GivenFeedback {
  readonly document: PredictionDocument;
  readonly answer: { readonly counted: FeedbackKind; readonly isNew: boolean };
  readonly disputes: boolean;
}

/** Puts feedback in place of live feedback of its kind. */
export function withFeedback(
  document: PredictionDocument,
  said: Feedback,
  flagHorizonMs: number,
): GivenFeedback {
  const { prediction } = document;
  const feedback = normaliseFeedback(said, prediction.predictedClass);
  // "It is really ..." naming the model's own class takes an earlier correction to another class back.
  const rest = withoutFeedback(
    feedback.kind === said.kind ? document : withoutFeedback(document, said.kind, said.at),
    feedback.kind,
    feedback.at,
  );
  return {
    document: { ...rest, feedback: [...rest.feedback, feedback] },
    answer: {
      counted: feedback.kind,
      isNew: !document.feedback.some(({ kind }) => kind === feedback.kind),
    },
    disputes: disputesInTime(feedback, prediction.at, flagHorizonMs),
  };
}

/** The document with live feedback of the kind moved to what is past. */
export function withoutFeedback(
  document: PredictionDocument,
  kind: FeedbackKind,
  at: number,
): PredictionDocument {
  const revoked = document.feedback.filter((item) => item.kind === kind);
  if (revoked.length === 0) return document;
  return {
    ...document,
    feedback: document.feedback.filter((item) => item.kind !== kind),
    pastFeedback: [
      ...document.pastFeedback,
      ...revoked.map((item) => ({ ...item, revokedAt: at })),
    ],
  };
}

/** Counts the difference between two states of a prediction's live feedback. */
export async function countFeedback(
  connection: Connection,
  transaction: Transaction,
  before: PredictionDocument,
  after: PredictionDocument,
): Promise<void> {
  const { at, modelVersion } = before.prediction;
  const hour = at < (await readRolledUntil(connection, transaction)) ? dayOf(at) : hourOf(at);
  const count = (document: PredictionDocument, by: number): void => {
    for (const { kind } of document.feedback)
      transaction.command(
        'HINCRBY',
        countsKey(connection, modelVersion),
        ...[countField(hour, kind), by],
      );
  };
  count(before, -1);
  count(after, 1);
}

/** Live feedback of predictions with event time in [from, to); a rolled-up day belongs to every window that touches it. */
export async function feedbackCounts(
  connection: Connection,
  version: ModelVersion,
  from: number,
  to: number,
): Promise<Record<FeedbackKind, number>> {
  const rolled = Number((await connection.get(rolledKey(connection))) ?? 0);
  const start = dayOf(from) < rolled ? dayOf(from) : hourOf(from);
  const counts = { flag: 0, correction: 0, confirmation: 0 };
  for (const [field, count] of await connection.fields(countsKey(connection, version))) {
    const [hour, kind] = field.split(':') as [string, FeedbackKind];
    if (Number(hour) >= start && Number(hour) < to) counts[kind] += Number(count);
  }
  return counts;
}

/** Adds the hours before `until` that are not yet rolled up to their days; the caller guards `rolled-until`. */
export async function rollUpFeedback(
  connection: Connection,
  transaction: Transaction,
  until: number,
): Promise<void> {
  const rolled = await readRolledUntil(connection, transaction);
  const versions = await connection.members(connection.key('versions-last'));
  for (const version of versions) {
    const key = countsKey(connection, version);
    for (const [field, count] of await connection.fields(key)) {
      const [hour, kind] = field.split(':') as [string, FeedbackKind];
      const at = Number(hour);
      if (at < rolled || at >= until || at === dayOf(at)) continue;
      // Added and taken as numbers: feedback that comes in between is kept.
      transaction.command('HINCRBY', key, countField(dayOf(at), kind), Number(count));
      transaction.command('TAKE', key, field, Number(count));
    }
  }
}
