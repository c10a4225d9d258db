import type { PredictionId } from '../../domain/ids.ts';
import { projectOf } from '../../domain/selection.ts';
import type { Connection } from './connection.ts';
import { contentKey, saveUnit, type UnitDocument, unitKey } from './documents.ts';
import { insertEntries } from './outbox.ts';
import type { Transaction } from './transaction.ts';

/** Any score, one member. */
const ONE = [undefined, undefined, 1] as const;

/** Units as a batch changes them, some of them more than once: each is written once. */
export class UnitChanges {
  readonly #changes = new Map<PredictionId, { before: UnitDocument | null; after: UnitDocument }>();

  /** The unit as it stands after the changes so far. */
  current(unit: UnitDocument | null): UnitDocument | null {
    return unit === null ? null : (this.#changes.get(unit.unit.predictionId)?.after ?? unit);
  }

  change(before: UnitDocument | null, after: UnitDocument): void {
    const id = after.unit.predictionId;
    const earlier = this.#changes.get(id);
    this.#changes.set(id, { before: earlier === undefined ? before : earlier.before, after });
  }

  /** The first unit of this content that the batch gives a task. */
  ofContent(digest: string, except: PredictionId): UnitDocument | undefined {
    return [...this.#changes.values()]
      .map(({ after }) => after)
      .find(
        ({ contentDigest, joinedTo, deletedAt, unit }) =>
          contentDigest === digest &&
          joinedTo === null &&
          deletedAt === null &&
          unit.predictionId !== except,
      );
  }

  saveTo(connection: Connection, transaction: Transaction): void {
    for (const { before, after } of this.#changes.values())
      saveUnit(connection, transaction, before, after);
  }
}

/**
 * Predictions of the same content may share a task: one of them has it, the others are joined to that one, and whatever is
 * said of the task is read from there. The one that has it names the others, so that neither side changes unseen.
 * @returns whether the unit joined a task that is there, or on its way
 */
export async function joinTask(
  connection: Connection,
  transaction: Transaction,
  units: UnitChanges,
  fresh: UnitDocument,
): Promise<boolean> {
  if (fresh.contentDigest === '') return false;
  const id = fresh.unit.predictionId;
  const stored = await storedHost(connection, transaction, fresh.contentDigest);
  const host = units.current(stored) ?? units.ofContent(fresh.contentDigest, id) ?? null;
  if (host === null) return false;
  units.change(fresh, { ...fresh, joinedTo: host.unit.predictionId });
  units.change(stored, { ...host, sharers: [...host.sharers, id] });
  return true;
}

async function storedHost(
  connection: Connection,
  transaction: Transaction,
  digest: string,
): Promise<UnitDocument | null> {
  const [first] = await connection.members(contentKey(connection, digest), ...ONE);
  if (first === undefined) return null;
  return transaction.readDocument<UnitDocument>(unitKey(connection, first as PredictionId));
}

/**
 * Before one of those that share a task is erased, with its task if it has it: it keeps the verdict as it stands, and the
 * others keep it too, or get a task of their own where people have not settled on one.
 * @returns the unit on its own
 */
export async function partFromSharers(
  connection: Connection,
  transaction: Transaction,
  unit: UnitDocument,
  at: number,
): Promise<UnitDocument> {
  if (unit.joinedTo !== null) return leaveTask(connection, transaction, unit, unit.joinedTo);
  const [heir, ...others] = await readUnits(connection, transaction, unit.sharers);
  if (heir === undefined) return unit;
  const isSettled = !['pending', 'disagreed'].includes(unit.verdict.kind);
  const keeps = isSettled || unit.deletedAt !== null;
  const heirId = heir.unit.predictionId;
  saveUnit(connection, transaction, heir, {
    ...(keeps ? withVerdictOf(heir, unit) : heir),
    joinedTo: null,
    sharers: others.map((other) => other.unit.predictionId),
  });
  for (const other of others)
    saveUnit(connection, transaction, other, { ...other, joinedTo: heirId });
  if (!keeps)
    await insertEntries(connection, transaction, [
      {
        ...{ kind: 'create_task', predictionId: heirId, project: projectOf(heir.reasons) },
        ...{ reasons: heir.reasons, createdAt: at, taskId: null },
      },
    ]);
  return { ...unit, sharers: [] };
}

async function leaveTask(
  connection: Connection,
  transaction: Transaction,
  unit: UnitDocument,
  hostId: PredictionId,
): Promise<UnitDocument> {
  const host = await transaction.readDocument<UnitDocument>(unitKey(connection, hostId));
  if (host === null) return { ...unit, joinedTo: null };
  saveUnit(connection, transaction, host, {
    ...host,
    sharers: host.sharers.filter((id) => id !== unit.unit.predictionId),
  });
  return { ...withVerdictOf(unit, host), joinedTo: null };
}

/** No label of its own: it was given once, to the one that had the task. */
const withVerdictOf = (unit: UnitDocument, host: UnitDocument): UnitDocument => ({
  ...unit,
  verdict: host.verdict,
  deletedAt: host.deletedAt,
});

const readUnits = async (
  connection: Connection,
  transaction: Transaction,
  ids: readonly PredictionId[],
): Promise<UnitDocument[]> =>
  (await transaction.readDocuments<UnitDocument>(ids.map((id) => unitKey(connection, id)))).flatMap(
    (found) => found ?? [],
  );
