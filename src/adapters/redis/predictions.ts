import type { Feedback, FeedbackKind } from '../../domain/feedback.ts';
import type { ObjectKey, PredictionId } from '../../domain/ids.ts';
import { disputedIncrements, patternIndex, recordedIncrement } from '../../domain/population.ts';
import type { Prediction } from '../../domain/prediction.ts';
import { differsInTime, type ShadowAnswer } from '../../domain/shadow-answer.ts';
import { hourOf } from '../../domain/window.ts';
import type { PredictionStore } from '../../ports/store/prediction-store.ts';
import type { Connection } from './connection.ts';
import type { PredictionDocument, UnitDocument } from './documents.ts';
import {
  predictionKey,
  savePrediction,
  saveUnit,
  shadowOf,
  shownFeedback,
  storedPrediction,
  unitKey,
} from './documents.ts';
import { erasePrediction } from './erase.ts';
import { countFeedback, withFeedback, withoutFeedback } from './feedback.ts';
import { externalKey, objectKeyOf, releaseObject } from './object-references.ts';
import { countInDay, PopulationChanges, readRolledUntil } from './population.ts';
import { recordsBetween } from './records-between.ts';
import { countPair } from './shadow-answers.ts';
import { parseDocument, transact, type Transaction } from './transaction.ts';
import { Turns } from './turns.ts';

export function predictionStore(connection: Connection): PredictionStore {
  const turns = new Turns();
  return {
    recordPrediction: (prediction) =>
      turns.take(prediction.externalId ?? prediction.id, () => record(connection, prediction)),
    findPrediction: async (id) => {
      const document = await find(connection, id);
      return document === null ? null : storedPrediction(document);
    },
    giveFeedback: (feedback, flagHorizonMs) =>
      turns.take(feedback.predictionId, () => give(connection, feedback, flagHorizonMs)),
    recordShadowAnswer: (answer, flagHorizonMs) =>
      turns.take(answer.id, () => recordShadowAnswer(connection, answer, flagHorizonMs)),
    revokeFeedback: (id, kind, at) => turns.take(id, () => revoke(connection, id, kind, at)),
    feedbackOf: async (id) => (await find(connection, id))?.feedback ?? [],
    erasePrediction: (id, at) =>
      turns.take(id, () =>
        transact(connection, null, (transaction) =>
          erasePrediction(connection, transaction, id, at),
        ),
      ),
    forgetUnselected: (before, limit) => forget(connection, before, limit),
    isObjectReferenced: async (key) =>
      (await connection.get(objectKeyOf(connection, key))) !== null,
    recordsBetween: (from, to) => recordsBetween(connection, from, to),
  };
}

const find = async (
  connection: Connection,
  id: PredictionId,
): Promise<PredictionDocument | null> => {
  const document = parseDocument<PredictionDocument>(
    await connection.get(predictionKey(connection, id)),
  );
  return document?.isErased === true ? null : document;
};

async function read(
  connection: Connection,
  transaction: Transaction,
  id: PredictionId,
): Promise<PredictionDocument | null> {
  const document = await transaction.readDocument<PredictionDocument>(
    predictionKey(connection, id),
  );
  return document?.isErased === true ? null : document;
}

const record = (
  connection: Connection,
  prediction: Prediction,
): ReturnType<PredictionStore['recordPrediction']> =>
  transact(connection, null, async (transaction) => {
    const { id, externalId } = prediction;
    const external = externalId === null ? null : externalKey(connection, externalId);
    const [known, earlier] = await transaction.readAll([
      predictionKey(connection, id),
      ...(external === null ? [] : [external]),
    ]);
    if (known != null) return { outcome: 'already_recorded', id };
    if (earlier != null) return { outcome: 'already_recorded', id: earlier as PredictionId };
    if (external !== null) transaction.write(external, id);
    savePrediction(connection, transaction, null, {
      ...{ prediction, isDisputed: false, awaitsRevision: false, isErased: false },
      ...{ decision: null, feedback: [], pastFeedback: [] },
    });
    transaction.command('INCR', objectKeyOf(connection, prediction.objectKey));
    await count(connection, transaction, prediction);
    return { outcome: 'recorded', id };
  });

async function count(
  connection: Connection,
  transaction: Transaction,
  prediction: Prediction,
): Promise<void> {
  const changes = new PopulationChanges(connection);
  changes.add(prediction, recordedIncrement({ ...prediction, isDisputed: false }));
  changes.writeTo(transaction, await readRolledUntil(connection, transaction));
  countInDay(connection, transaction, prediction);
  countArrival(connection, transaction, prediction, false, 1);
  const { at, modelVersion } = prediction;
  transaction.command('ZADD', connection.key('versions-first'), 'LT', at, modelVersion);
  transaction.command('ZADD', connection.key('versions-last'), 'GT', at, modelVersion);
}

function countArrival(
  connection: Connection,
  transaction: Transaction,
  { recordedAt, isLowConfidence }: Prediction,
  isDisputed: boolean,
  by: number,
): void {
  const hour = hourOf(recordedAt);
  transaction.command('ZADD', connection.key('arrival-hours'), hour, hour);
  transaction.command(
    'HINCRBY',
    connection.key('arrivals', hour),
    ...[patternIndex(isLowConfidence, isDisputed), by],
  );
}

/** The unit goes to the disputed pattern, for ever. */
async function moveToDisputed(
  connection: Connection,
  transaction: Transaction,
  { prediction, decision }: PredictionDocument,
): Promise<void> {
  const changes = new PopulationChanges(connection);
  for (const increment of disputedIncrements({ ...prediction, decision }))
    changes.add(prediction, increment);
  changes.writeTo(transaction, await readRolledUntil(connection, transaction));
  countArrival(connection, transaction, prediction, false, -1);
  countArrival(connection, transaction, prediction, true, 1);
}

const give = (
  connection: Connection,
  feedback: Feedback,
  flagHorizonMs: number,
): ReturnType<PredictionStore['giveFeedback']> =>
  transact(connection, null, async (transaction) => {
    const before = await read(connection, transaction, feedback.predictionId);
    if (before === null) return null;
    const given = withFeedback(before, feedback, flagHorizonMs);
    const isNewlyDisputed = given.disputes && !before.isDisputed;
    if (isNewlyDisputed) await moveToDisputed(connection, transaction, before);
    await saveFeedback(connection, transaction, before, {
      ...given.document,
      isDisputed: before.isDisputed || given.disputes,
      isDisputedByModel: before.isDisputedByModel === true && !given.disputes,
      awaitsRevision: before.awaitsRevision || (isNewlyDisputed && before.decision !== null),
    });
    return given.answer;
  });

const recordShadowAnswer = (
  connection: Connection,
  answer: ShadowAnswer,
  flagHorizonMs: number,
): ReturnType<PredictionStore['recordShadowAnswer']> =>
  transact(connection, null, async (transaction) => {
    const before = await read(connection, transaction, answer.id);
    if (before === null) return 'unknown';
    if (before.shadowAnswer != null) return 'already_recorded';
    const disputes = !before.isDisputed && differsInTime(answer, before.prediction, flagHorizonMs);
    if (disputes) await moveToDisputed(connection, transaction, before);
    const { id, ...shadowAnswer } = answer;
    const isDisputed = before.isDisputed || disputes;
    savePrediction(connection, transaction, before, {
      ...{ ...before, shadowAnswer, isDisputed },
      isDisputedByModel: before.isDisputedByModel === true || disputes,
      awaitsRevision: before.awaitsRevision || (disputes && before.decision !== null),
    });
    await countPair(connection, transaction, before.prediction, answer);
    const unit = await transaction.readDocument<UnitDocument>(unitKey(connection, id));
    if (unit !== null)
      saveUnit(connection, transaction, unit, {
        ...{ ...unit, ...shadowOf(shadowAnswer) },
        unit: { ...unit.unit, isDisputed },
      });
    return 'recorded';
  });

async function saveFeedback(
  connection: Connection,
  transaction: Transaction,
  before: PredictionDocument,
  after: PredictionDocument,
): Promise<void> {
  savePrediction(connection, transaction, before, after);
  await countFeedback(connection, transaction, before, after);
  const unit = await transaction.readDocument<UnitDocument>(
    unitKey(connection, before.prediction.id),
  );
  if (unit === null) return;
  saveUnit(connection, transaction, unit, {
    ...unit,
    unit: { ...unit.unit, isDisputed: after.isDisputed, ...shownFeedback(after.feedback) },
  });
}

const revoke = (
  connection: Connection,
  id: PredictionId,
  kind: FeedbackKind,
  at: number,
): Promise<boolean> =>
  transact(connection, null, async (transaction) => {
    const before = await read(connection, transaction, id);
    if (before === null) return false;
    const after = withoutFeedback(before, kind, at);
    if (after === before) return false;
    await saveFeedback(connection, transaction, before, after);
    return true;
  });

const forget = (
  connection: Connection,
  before: number,
  limit: number,
): Promise<readonly ObjectKey[]> =>
  transact(connection, null, async (transaction) => {
    const ids = (await connection.members(
      connection.key('forgettable'),
      ...[undefined, before, limit],
    )) as PredictionId[];
    const freed: ObjectKey[] = [];
    const documents = await transaction.readDocuments<PredictionDocument>(
      ids.map((id) => predictionKey(connection, id)),
    );
    for (const document of documents.flatMap((found) => found ?? [])) {
      savePrediction(connection, transaction, document, null);
      freed.push(...(await releaseObject(connection, transaction, document)));
    }
    return freed;
  });
