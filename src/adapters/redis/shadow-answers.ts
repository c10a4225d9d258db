import type { Prediction } from '../../domain/prediction.ts';
import type { PairCounts, ShadowAnswer, VersionPair } from '../../domain/shadow-answer.ts';
import { dayOf, hourOf } from '../../domain/window.ts';
import type { EstimateStore } from '../../ports/store/estimate-store.ts';
import type { Connection } from './connection.ts';
import { readRolledUntil, rolledKey } from './population.ts';
import type { Transaction } from './transaction.ts';

type PairName = readonly [served: VersionPair['served'], other: VersionPair['other']];

const countsKey = (connection: Connection, { served, other }: VersionPair): string =>
  connection.key('pair', served, other);
const countField = (hour: number, count: keyof PairCounts): string => `${hour}:${count}`;

/** Counts a prediction that now both have answered. */
export async function countPair(
  connection: Connection,
  transaction: Transaction,
  { at, modelVersion: served, predictedClass }: Prediction,
  answer: ShadowAnswer,
): Promise<void> {
  const pair = { served, other: answer.modelVersion };
  const name = JSON.stringify([pair.served, pair.other] satisfies PairName);
  transaction.command('ZADD', connection.key('pairs-first'), 'LT', at, name);
  transaction.command('ZADD', connection.key('pairs-last'), 'GT', at, name);
  const hour = at < (await readRolledUntil(connection, transaction)) ? dayOf(at) : hourOf(at);
  const key = countsKey(connection, pair);
  transaction.command('HINCRBY', key, countField(hour, 'answered'), 1);
  if (answer.predictedClass !== predictedClass)
    transaction.command('HINCRBY', key, countField(hour, 'differ'), 1);
}

export async function versionPairs(
  connection: Connection,
): ReturnType<EstimateStore['versionPairs']> {
  const [first, last] = await Promise.all([
    connection.scores(connection.key('pairs-first')),
    connection.scores(connection.key('pairs-last')),
  ]);
  return [...last].map(([name, lastAt]) => {
    const [served, other] = JSON.parse(name) as PairName;
    return { served, other, firstAt: first.get(name) ?? lastAt, lastAt };
  });
}

/** A rolled-up day belongs to every window that touches it. */
export async function pairCounts(
  connection: Connection,
  pair: VersionPair,
  from: number,
  to: number,
): Promise<PairCounts> {
  const rolled = Number((await connection.get(rolledKey(connection))) ?? 0);
  const start = dayOf(from) < rolled ? dayOf(from) : hourOf(from);
  const counts = { answered: 0, differ: 0 };
  for (const [field, number] of await connection.fields(countsKey(connection, pair))) {
    const [hour, count] = field.split(':') as [string, keyof PairCounts];
    if (Number(hour) >= start && Number(hour) < to) counts[count] += Number(number);
  }
  return counts;
}

/** Adds the hours before `until` that are not yet rolled up to their days; the caller guards `rolled-until`. */
export async function rollUpPairs(
  connection: Connection,
  transaction: Transaction,
  until: number,
): Promise<void> {
  const rolled = await readRolledUntil(connection, transaction);
  for (const pair of await versionPairs(connection)) {
    const key = countsKey(connection, pair);
    for (const [field, number] of await connection.fields(key)) {
      const [hour, count] = field.split(':') as [string, keyof PairCounts];
      const at = Number(hour);
      if (at < rolled || at >= until || at === dayOf(at)) continue;
      // Added and taken as numbers: an answer that comes in between is kept.
      transaction.command('HINCRBY', key, countField(dayOf(at), count), Number(number));
      transaction.command('TAKE', key, field, Number(number));
    }
  }
}
