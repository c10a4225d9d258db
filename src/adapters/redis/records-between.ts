import type { PredictionId } from '../../domain/ids.ts';
import type { PredictionRecord } from '../../ports/store/prediction-store.ts';
import type { Connection } from './connection.ts';
import {
  type PredictionDocument,
  predictionKey,
  storedPrediction,
  taskOf,
  type UnitDocument,
  unitKey,
} from './documents.ts';
import { membersInPages } from './members-in-pages.ts';
import { parseDocument } from './transaction.ts';

/** Reports may carry a time that lies a little ahead of their arrival (docs/http.md); a margin over it. */
const AHEAD_MS = 3_600_000;

/**
 * Every prediction stands in one index: not decided yet, waiting for a revision, decided and not selected, or selected.
 * The first two are small; whatever leaves them while the others are read is known by its id and comes once.
 */
export async function* recordsBetween(
  connection: Connection,
  from: number,
  to: number,
): AsyncGenerator<readonly PredictionRecord[]> {
  const moving = new Set<string>();
  for (const name of ['undecided', 'revisions'])
    for await (const ids of membersInPages(connection, connection.key(name), from - AHEAD_MS)) {
      const fresh = ids.filter((id) => !moving.has(id));
      for (const id of fresh) moving.add(id);
      yield* within(await readRecords(connection, fresh), from, to);
    }
  const settled = [
    [connection.key('forgettable'), from - AHEAD_MS, Infinity] as const,
    ...(await versions(connection)).map(
      (version) => [connection.key('units', version), from, to] as const,
    ),
  ];
  for (const [key, least, below] of settled)
    for await (const ids of membersInPages(connection, key, least, below)) {
      const fresh = ids.filter((id) => !moving.has(id));
      yield* within(await readRecords(connection, fresh), from, to);
    }
}

const versions = (connection: Connection): Promise<string[]> =>
  connection.members(connection.key('versions-last'));

function* within(
  records: readonly PredictionRecord[],
  from: number,
  to: number,
): Generator<readonly PredictionRecord[]> {
  const inside = records.filter(({ prediction: { at } }) => at >= from && at < to);
  if (inside.length > 0) yield inside;
}

async function readRecords(
  connection: Connection,
  ids: readonly string[],
): Promise<PredictionRecord[]> {
  const known = ids as readonly PredictionId[];
  const [documents, units] = await Promise.all([
    connection.getAll(known.map((id) => predictionKey(connection, id))),
    connection.getAll(known.map((id) => unitKey(connection, id))),
  ]);
  return documents.flatMap((text, index) => {
    const document = parseDocument<PredictionDocument>(text);
    if (document === null || document.isErased) return [];
    const unit = parseDocument<UnitDocument>(units[index] ?? null);
    const { feedback } = document;
    const task = unit === null ? null : taskOf(unit);
    return [{ prediction: storedPrediction(document), feedback, task }];
  });
}
