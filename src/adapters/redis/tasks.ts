import type { Annotation, Task } from '../../domain/annotation.ts';
import { annotationChanges, verdictReachedAt } from '../../domain/annotation.ts';
import type { PredictionId } from '../../domain/ids.ts';
import type { ProjectKind } from '../../domain/selection.ts';
import type { TaskStore } from '../../ports/store/task-store.ts';
import type { Connection } from './connection.ts';
import type { UnitDocument } from './documents.ts';
import { saveUnit, taskOf, unitKey } from './documents.ts';
import { parseDocument, transact, type Transaction } from './transaction.ts';

const PAGE = 500;
type Pulled = Parameters<TaskStore['savePulled']>[0][number];

export const taskStore = (connection: Connection): TaskStore => ({
  projectId: (kind) => numberAt(connection, connection.key('project', kind)),
  setProjectId: (kind, projectId, fence) =>
    transact(connection, fence, (transaction) => {
      transaction.write(connection.key('project', kind), String(projectId));
      return Promise.resolve();
    }),
  findTask: (predictionId) => findTask(connection, predictionId),
  tasksOf: (predictionIds) => readTasks(connection, predictionIds),
  savePulled: (pulled, watermark, fence) =>
    transact(connection, fence, async (transaction) => {
      await transaction.readAll(
        pulled.map(({ predictionId }) => unitKey(connection, predictionId)),
      );
      for (const task of pulled) await saveTask(connection, transaction, task, watermark.at);
      transaction.write(connection.key('watermark', watermark.projectId), String(watermark.at));
    }),
  watermark: (projectId) => numberAt(connection, connection.key('watermark', projectId)),
  allTasks: (kind) => allTasks(connection, kind),
  markDeleted: (predictionIds, at, fence) =>
    transact(connection, fence, async (transaction) => {
      for (const id of predictionIds) await markDeleted(connection, transaction, id, at);
    }),
  relinkTask: (predictionId, projectId, taskId, fence) =>
    transact(connection, fence, async (transaction) => {
      const unit = await readUnit(connection, transaction, predictionId);
      if (unit?.task == null) return;
      saveUnit(connection, transaction, unit, {
        ...unit,
        task: { ...unit.task, projectId, taskId },
        deletedAt: null,
      });
    }),
  waitingTasks: async () => {
    const [random, lowConfidence, disputed] = await Promise.all([
      waitingIn(connection, 'random'),
      waitingIn(connection, 'low_confidence'),
      waitingIn(connection, 'disputed'),
    ]);
    return { random, low_confidence: lowConfidence, disputed };
  },
  annotatorCount: (since) =>
    connection.count('ZCOUNT', connection.key('annotators'), since, '+inf'),
  openTies: async (since) =>
    readTasks(
      connection,
      (await connection.members(connection.key('ties'), since)) as PredictionId[],
    ),
});

const numberAt = async (connection: Connection, key: string): Promise<number | null> => {
  const text = await connection.get(key);
  return text === null ? null : Number(text);
};

/** Redis 6 can't count an intersection, only name it: as many ids as the team is behind. */
const waitingIn = async (connection: Connection, kind: ProjectKind): Promise<number> => {
  const [open, there] = [connection.key('open'), connection.key('tasks', kind)];
  return ((await connection.call('ZINTER', 2, open, there)) as readonly string[]).length;
};

const readUnit = (
  connection: Connection,
  transaction: Transaction,
  id: PredictionId,
): Promise<UnitDocument | null> => transaction.readDocument(unitKey(connection, id));

async function findTask(connection: Connection, id: PredictionId): Promise<Task | null> {
  const document = parseDocument<UnitDocument>(await connection.get(unitKey(connection, id)));
  if (document === null) return null;
  return document.joinedTo === null ? taskOf(document) : findTask(connection, document.joinedTo);
}

const readTasks = async (connection: Connection, ids: readonly PredictionId[]): Promise<Task[]> =>
  (await connection.getAll(ids.map((id) => unitKey(connection, id)))).flatMap((text) => {
    const document = parseDocument<UnitDocument>(text);
    return (document === null ? null : taskOf(document)) ?? [];
  });

async function saveTask(
  connection: Connection,
  transaction: Transaction,
  pulled: Pulled,
  notedAt: number,
): Promise<void> {
  const unit = await readUnit(connection, transaction, pulled.predictionId);
  if (unit === null) return;
  const { annotations, verdict, annotatorsWanted } = pulled;
  noteChanges(connection, transaction, unit, annotations, notedAt);
  saveUnit(connection, transaction, unit, {
    ...unit,
    annotations,
    verdict,
    annotatorsWanted,
    reachedAt: verdictReachedAt(verdict, annotations, notedAt),
  });
}

/** Keeps every reading of every annotation, and a tombstone for one that is gone. */
function noteChanges(
  connection: Connection,
  transaction: Transaction,
  { unit, annotations: before }: UnitDocument,
  annotations: readonly Annotation[],
  notedAt: number,
): void {
  for (const change of annotationChanges(before, annotations)) {
    transaction.command(
      'RPUSH',
      connection.key('annotation-history', unit.predictionId),
      JSON.stringify({ ...change, notedAt }),
    );
    if (change.annotation !== null)
      transaction.command(
        'ZADD',
        connection.key('annotators'),
        ...['GT', change.annotation.updatedAt, change.annotation.annotator],
      );
  }
}

async function markDeleted(
  connection: Connection,
  transaction: Transaction,
  id: PredictionId,
  at: number,
): Promise<void> {
  const unit = await readUnit(connection, transaction, id);
  if (unit === null || unit.task === null || unit.deletedAt !== null) return;
  noteChanges(connection, transaction, unit, [], at);
  saveUnit(connection, transaction, unit, { ...unit, deletedAt: at, annotations: [] });
}

async function* allTasks(
  connection: Connection,
  kind: ProjectKind,
): AsyncGenerator<readonly Task[]> {
  for (let after = '-'; ;) {
    const ids = (await connection.call(
      'ZRANGEBYLEX',
      ...[connection.key('tasks', kind), after, '+', 'LIMIT', 0, PAGE],
    )) as PredictionId[];
    if (ids.length > 0) yield await readTasks(connection, ids);
    if (ids.length < PAGE) return;
    after = `(${ids.at(-1) ?? ''}`;
  }
}
