import type { ObjectKey, PredictionId } from '../../domain/ids.ts';
import { objectKey, predictionId } from '../../domain/ids.ts';
import { hourOf } from '../../domain/window.ts';
import { dropAnswersOf } from './answers.ts';
import type { Connection } from './connection.ts';
import type { PredictionDocument, UnitDocument } from './documents.ts';
import { predictionKey, savePrediction, saveUnit, unitKey } from './documents.ts';
import { dropMistake } from './estimates.ts';
import { releaseObject } from './object-references.ts';
import { dropEntriesOf, insertEntries } from './outbox.ts';
import { partFromSharers } from './shared-tasks.ts';
import type { Transaction } from './transaction.ts';

interface StillToRemove {
  readonly objectKey: ObjectKey;
  readonly taskId: number | null;
}

/**
 * Deletes what belongs to a person. One that no estimate needs singly goes whole; else a document without a name stays:
 * the hour, what the design knows of it, and its verdict.
 */
export async function erasePrediction(
  connection: Connection,
  transaction: Transaction,
  id: PredictionId,
  at: number,
): Promise<StillToRemove | null> {
  const [document, unit] = await Promise.all([
    transaction.readDocument<PredictionDocument>(predictionKey(connection, id)),
    transaction.readDocument<UnitDocument>(unitKey(connection, id)),
  ]);
  if (document === null || document.isErased) return null;
  const name = predictionId(`erased-${await connection.next('erased-next')}`);
  const { decision } = document;
  const goesWhole = decision !== null && !decision.isSelected && !document.awaitsRevision;
  await releaseObject(connection, transaction, document);
  savePrediction(connection, transaction, document, goesWhole ? null : nameless(document, name));
  if (unit !== null) {
    const parted = await partFromSharers(connection, transaction, unit, at);
    saveUnit(connection, transaction, unit, namelessUnit(parted, name));
  }
  transaction.write(connection.key('annotation-history', id), null);
  await dropAnswersOf(connection, transaction, id);
  await dropMistake(connection, transaction, document.prediction.modelVersion, id);
  await dropEntriesOf(connection, transaction, id);
  const task = unit?.deletedAt === null ? unit.task : null;
  if (task !== null)
    await insertEntries(connection, transaction, [
      {
        ...{ kind: 'delete_task', predictionId: id, project: task.project, reasons: [] },
        ...{ createdAt: at, taskId: task.taskId },
      },
    ]);
  return { objectKey: document.prediction.objectKey, taskId: task?.taskId ?? null };
}

function nameless(document: PredictionDocument, name: PredictionId): PredictionDocument {
  const { prediction, shadowAnswer } = document;
  return {
    ...document,
    prediction: {
      ...prediction,
      id: name,
      at: hourOf(prediction.at),
      recordedAt: hourOf(prediction.recordedAt),
      probabilities: null,
      objectKey: objectKey(''),
      contentDigest: '',
      externalId: null,
    },
    isErased: true,
    feedback: [],
    pastFeedback: [],
    ...(shadowAnswer != null && { shadowAnswer: { ...shadowAnswer, at: hourOf(shadowAnswer.at) } }),
  };
}

function namelessUnit(document: UnitDocument, name: PredictionId): UnitDocument {
  const { unit } = document;
  return {
    ...document,
    unit: { ...unit, predictionId: name, at: hourOf(unit.at), probabilities: null },
    isErased: true,
    contentDigest: '',
    task: null,
  };
}
