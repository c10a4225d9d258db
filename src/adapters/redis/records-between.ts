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
import { parseDocument } from './transaction.ts';

const PAGE = 500;
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

/** Members by score, without holding them all; those that share the score at which a page ends come once. */
async function* membersInPages(
  connection: Connection,
  key: string,
  from: number,
  below = Infinity,
): AsyncGenerator<readonly string[]> {
  const end = below === Infinity ? '+inf' : `(${below}`;
  let [score, atScore] = [from, new Set<string>()];
  for (;;) {
    const flat = (await connection.call(
      'ZRANGEBYSCORE',
      ...[key, score, end, 'WITHSCORES', 'LIMIT', 0, PAGE + atScore.size],
    )) as string[];
    const pairs = flat.flatMap((member, index) =>
      index % 2 === 0 ? [{ member, score: Number(flat[index + 1]) }] : [],
    );
    const fresh = pairs.filter(({ member }) => !atScore.has(member));
    const last = fresh.at(-1)?.score;
    if (last === undefined) return;
    yield fresh.map(({ member }) => member);
    if (last !== score) atScore = new Set();
    score = last;
    for (const pair of fresh) if (pair.score === last) atScore.add(pair.member);
  }
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
