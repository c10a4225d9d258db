import { StoreUnusable } from '../../domain/errors.ts';
import type { PredictionId } from '../../domain/ids.ts';
import type { Connection } from './connection.ts';
import type { PredictionDocument, UnitDocument } from './documents.ts';
import { predictionKey, saveUnit, unitKey } from './documents.ts';
import { slimHistories } from './estimates.ts';
import { transact } from './transaction.ts';

/** Units changed in one write. */
const PAGE = 500;

/** Each brings the records from one form to the next; safe to repeat and to cut short. An entry never changes once released. */
const MIGRATIONS: readonly ((connection: Connection) => Promise<void>)[] = [
  noteContents,
  slimHistories,
];
const FORM = 1 + MIGRATIONS.length;

/**
 * Brings the records to the form that this program writes.
 * @throws StoreUnusable when a newer program wrote them
 */
export async function migrate(connection: Connection): Promise<void> {
  const key = connection.key('form');
  const found = await connection.get(key);
  if (Number(found) > FORM)
    throw new StoreUnusable(
      `The records in Redis at ${connection.place} were written by a newer program (form ${found}; this one knows up to ${FORM}). Start the newer program, or restore the backup made before the upgrade`,
    );
  if (Number(found) === FORM) return;
  if (found !== null)
    for (const step of MIGRATIONS.slice(Number(found) - 1)) await step(connection);
  await transact(connection, null, async (transaction) => {
    await transaction.read(key);
    transaction.write(key, String(FORM));
  });
}

/** Selected predictions know their content, so that others of the same content find their task. */
async function noteContents(connection: Connection): Promise<void> {
  for (const version of await connection.members(connection.key('versions-last'))) {
    const ids = (await connection.members(connection.key('units', version))) as PredictionId[];
    for (let start = 0; start < ids.length; start += PAGE)
      await noteContentsOf(connection, ids.slice(start, start + PAGE));
  }
}

const noteContentsOf = (connection: Connection, ids: readonly PredictionId[]): Promise<void> =>
  transact(connection, null, async (transaction) => {
    const units = await transaction.readDocuments<UnitDocument>(
      ids.map((id) => unitKey(connection, id)),
    );
    const predictions = await transaction.readDocuments<PredictionDocument>(
      ids.map((id) => predictionKey(connection, id)),
    );
    units.forEach((unit, index) => {
      // Another process may have brought it there, and joined others to it since.
      if (unit === null || 'contentDigest' in unit) return;
      const contentDigest = predictions[index]?.prediction.contentDigest ?? '';
      saveUnit(connection, transaction, unit, {
        ...(unit as UnitDocument),
        ...{ contentDigest, joinedTo: null, sharers: [] },
      });
    });
  });
