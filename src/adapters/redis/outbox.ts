import type { PredictionId } from '../../domain/ids.ts';
import type { OutboxEntry, OutboxStore } from '../../ports/store/outbox-store.ts';
import type { Connection } from './connection.ts';
import type { UnitDocument } from './documents.ts';
import { entryKey, saveEntry, saveUnit, unitKey } from './documents.ts';
import { parseDocument, transact, type Transaction } from './transaction.ts';

type NewEntry = Parameters<OutboxStore['enqueue']>[0][number];
type Created = Parameters<OutboxStore['markCreated']>[0][number];
type OutboxKindState = Awaited<
  ReturnType<OutboxStore['outboxState']>
>['byKind'][OutboxEntry['kind']];

const KINDS = ['create_task', 'ask_annotator', 'renew_image', 'delete_task'] as const;
/** Entries read at once while looking for due ones. */
const PAGE = 500;

export const outboxStore = (connection: Connection): OutboxStore => ({
  dueEntries: (kind, now, limit) => dueEntries(connection, kind, now, limit),
  beginSend: (entryIds, notBefore, fence) =>
    transact(connection, fence, (transaction) =>
      changeEntries(connection, transaction, entryIds, (entry) => ({
        ...entry,
        attempts: entry.attempts + 1,
        notBefore,
      })),
    ),
  markCreated: (created, fence) =>
    transact(connection, fence, async (transaction) => {
      await changeEntries(
        connection,
        transaction,
        created.map(({ entryId }) => entryId),
        () => null,
      );
      for (const task of created) await recordTask(connection, transaction, task);
    }),
  markDone: (entryIds, fence) =>
    transact(connection, fence, (transaction) =>
      changeEntries(connection, transaction, entryIds, () => null),
    ),
  postpone: (entryIds, notBefore, lastError, fence) =>
    transact(connection, fence, (transaction) =>
      changeEntries(connection, transaction, entryIds, (entry) => ({
        ...entry,
        notBefore,
        lastError,
      })),
    ),
  bury: (entryIds, lastError, fence) =>
    transact(connection, fence, (transaction) =>
      changeEntries(connection, transaction, entryIds, (entry) => ({
        ...entry,
        state: 'dead',
        lastError,
      })),
    ),
  redrive: (entryIds) => redrive(connection, entryIds),
  deadEntries: async (limit) => (await deadEntries(connection)).slice(0, limit),
  outboxState: () => outboxState(connection),
  enqueue: (entries, fence) =>
    transact(connection, fence, (transaction) => insertEntries(connection, transaction, entries)),
});

const workKey = (
  connection: Connection,
  { predictionId, kind, taskId }: Pick<OutboxEntry, 'predictionId' | 'kind' | 'taskId'>,
): string => connection.key('work', predictionId, kind, taskId ?? 0);

/** Adds entries; what waits already (or is dead until redriven) is left as it is. @returns how many were added */
export async function insertEntries(
  connection: Connection,
  transaction: Transaction,
  entries: readonly NewEntry[],
): Promise<number> {
  if (entries.length === 0) return 0;
  const works = entries.map((entry) => workKey(connection, entry));
  const known = await transaction.readAll(works);
  const first = await connection.next('outbox-next', entries.length);
  const seen = new Set<string>();
  entries.forEach((entry, index) => {
    const work = works[index] ?? '';
    if (known[index] !== null || seen.has(work)) return;
    seen.add(work);
    const id = first + index;
    transaction.write(work, String(id));
    saveEntry(connection, transaction, null, {
      ...{ id, kind: entry.kind, predictionId: entry.predictionId, project: entry.project },
      ...{ reasons: entry.reasons, attempts: 0, createdAt: entry.createdAt },
      ...{ notBefore: entry.createdAt, state: 'pending', lastError: null, taskId: entry.taskId },
    });
  });
  return seen.size;
}

async function changeEntries(
  connection: Connection,
  transaction: Transaction,
  ids: readonly number[],
  change: (entry: OutboxEntry) => OutboxEntry | null,
): Promise<void> {
  const keys = [...new Set(ids)].map((id) => entryKey(connection, id));
  for (const entry of await transaction.readDocuments<OutboxEntry>(keys)) {
    if (entry === null) continue;
    const after = change(entry);
    const work = workKey(connection, entry);
    const workAfter = after === null ? null : workKey(connection, after);
    if (workAfter !== work) {
      transaction.write(work, null);
      if (workAfter !== null) transaction.write(workAfter, String(entry.id));
    }
    saveEntry(connection, transaction, entry, after);
  }
}

/**
 * Takes away what waits for a prediction, but for deletions. A task whose making was begun may be there: looking it up, at
 * the time that was set for it, and deleting it is what is left of its entry.
 */
export async function dropEntriesOf(
  connection: Connection,
  transaction: Transaction,
  id: PredictionId,
): Promise<void> {
  const ids = await connection.members(connection.key('outbox-of', id));
  await changeEntries(connection, transaction, ids.map(Number), (entry) => {
    if (entry.kind === 'delete_task') return entry;
    return entry.kind === 'create_task' && entry.attempts > 0
      ? { ...entry, kind: 'delete_task', state: 'pending', reasons: [] }
      : null;
  });
}

const readEntries = async (
  connection: Connection,
  ids: readonly string[],
): Promise<OutboxEntry[]> =>
  (await connection.getAll(ids.map((id) => entryKey(connection, Number(id))))).flatMap(
    (text) => parseDocument<OutboxEntry>(text) ?? [],
  );

async function dueEntries(
  connection: Connection,
  kind: OutboxEntry['kind'],
  now: number,
  limit: number,
): Promise<OutboxEntry[]> {
  const due: OutboxEntry[] = [];
  for (let after = 0; ;) {
    const ids = await connection.members(
      connection.key('outbox', 'pending', kind),
      ...[after, undefined, PAGE],
    );
    const entries = await readEntries(connection, ids);
    due.push(...entries.filter(({ notBefore, state }) => state === 'pending' && notBefore <= now));
    if (ids.length < PAGE || due.length >= limit) return due.slice(0, limit);
    after = Number(ids.at(-1)) + 1;
  }
}

async function deadEntries(connection: Connection): Promise<OutboxEntry[]> {
  const ids = await Promise.all(
    KINDS.map((kind) => connection.members(connection.key('outbox', 'dead', kind))),
  );
  const entries = await readEntries(connection, ids.flat());
  return entries.filter(({ state }) => state === 'dead').sort((a, b) => a.id - b.id);
}

async function redrive(
  connection: Connection,
  entryIds: readonly number[] | null,
): Promise<number> {
  const wanted = entryIds ?? (await deadEntries(connection)).map(({ id }) => id);
  return transact(connection, null, async (transaction) => {
    let revived = 0;
    await changeEntries(connection, transaction, wanted, (entry) => {
      if (entry.state !== 'dead') return entry;
      revived += 1;
      return { ...entry, state: 'pending', notBefore: entry.createdAt };
    });
    return revived;
  });
}

async function outboxState(
  connection: Connection,
): Promise<Awaited<ReturnType<OutboxStore['outboxState']>>> {
  const states = await Promise.all(KINDS.map((kind) => stateOfKind(connection, kind)));
  const [create_task, ask_annotator, renew_image, delete_task] = states as [
    OutboxKindState,
    OutboxKindState,
    OutboxKindState,
    OutboxKindState,
  ];
  const times = states.flatMap(({ oldestCreatedAt }) => oldestCreatedAt ?? []);
  return {
    pending: states.reduce((sum, { pending }) => sum + pending, 0),
    dead: states.reduce((sum, { dead }) => sum + dead, 0),
    oldestCreatedAt: times.length === 0 ? null : Math.min(...times),
    byKind: { create_task, ask_annotator, renew_image, delete_task },
  };
}

async function stateOfKind(
  connection: Connection,
  kind: OutboxEntry['kind'],
): Promise<OutboxKindState> {
  const key = (state: OutboxEntry['state']) => connection.key('outbox', state, kind);
  const [pending, dead, oldest] = await Promise.all([
    connection.count('ZCARD', key('pending')),
    connection.count('ZCARD', key('dead')),
    connection.call(
      'ZRANGE',
      ...[connection.key('outbox-created', 'pending', kind), 0, 0, 'WITHSCORES'],
    ),
  ]);
  const [, createdAt] = oldest as string[];
  return { pending, dead, oldestCreatedAt: createdAt === undefined ? null : Number(createdAt) };
}

async function recordTask(
  connection: Connection,
  transaction: Transaction,
  task: Created,
): Promise<void> {
  const { predictionId, project, projectId, taskId, pushedAt } = task;
  const unit = await transaction.readDocument<UnitDocument>(unitKey(connection, predictionId));
  if (unit === null) {
    // The prediction was erased while its task was on the way: the task must not stay.
    await insertEntries(connection, transaction, [
      { kind: 'delete_task', predictionId, project, reasons: [], createdAt: pushedAt, taskId },
    ]);
    return;
  }
  saveUnit(connection, transaction, unit, {
    ...unit,
    task: { project, projectId, taskId, pushedAt },
    deletedAt: null,
    // What was said about a task that is gone does not count for the new one.
    ...(unit.deletedAt === null
      ? {}
      : { annotations: [], verdict: { kind: 'pending' }, reachedAt: null }),
  });
}
