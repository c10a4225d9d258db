import type { PredictionId } from '../../domain/ids.ts';
import { type AnswerRecord, claimRecord } from '../../domain/stored-answer.ts';
import type { AnswerStore } from '../../ports/store/answer-store.ts';
import type { Connection } from './connection.ts';
import { type IndexEntry, transact, type Transaction } from './transaction.ts';
import { Turns } from './turns.ts';

const FORGET_AT_ONCE = 500;

export function answerStore(connection: Connection): AnswerStore {
  const turns = new Turns();
  const change = <Result>(
    name: string,
    work: (found: AnswerRecord | null) => readonly [after: AnswerRecord | null, result: Result],
  ): Promise<Result> =>
    turns.take(name, () =>
      transact(connection, null, async (transaction) => {
        const found = await transaction.readDocument<AnswerRecord>(answerKey(connection, name));
        const [after, result] = work(found);
        if (after !== found) save(connection, transaction, name, found, after);
        return result;
      }),
    );
  return {
    claimRequest: ({ name, digest }, claimant, now, patienceMs) =>
      change(name, (found) => {
        const { claim, record } = claimRecord(found, digest, claimant, now, patienceMs);
        return [record ?? found, claim];
      }),
    saveAnswer: (name, token, answer, until) =>
      change(name, (found) => [
        found?.token === token ? { ...found, token: null, until, answer } : found,
        undefined,
      ]),
    releaseRequest: (name, token) =>
      change(name, (found) => [
        found?.token === token ? { ...found, token: null } : found,
        undefined,
      ]),
    forgetAnswers: async (before) => {
      for (let forgotten = 0; ;) {
        const names = await connection.members(
          connection.key('answers'),
          ...[undefined, before, FORGET_AT_ONCE],
        );
        for (const name of names)
          await change(name, (found) => [
            found !== null && found.until < before ? null : found,
            undefined,
          ]);
        forgotten += names.length;
        if (names.length < FORGET_AT_ONCE) return forgotten;
      }
    },
  };
}

const answerKey = (connection: Connection, name: string): string => connection.key('answer', name);

function save(
  connection: Connection,
  transaction: Transaction,
  name: string,
  before: AnswerRecord | null,
  after: AnswerRecord | null,
): void {
  const indexes = (record: AnswerRecord | null): IndexEntry[] =>
    record === null
      ? []
      : [
          [connection.key('answers'), record.until, name],
          [connection.key('answers-of', record.predictionId), 0, name],
        ];
  transaction.write(answerKey(connection, name), after === null ? null : JSON.stringify(after));
  transaction.moveIndexes(indexes(before), indexes(after));
}

/** Takes away what was answered about a prediction. */
export async function dropAnswersOf(
  connection: Connection,
  transaction: Transaction,
  id: PredictionId,
): Promise<void> {
  for (const name of await connection.members(connection.key('answers-of', id))) {
    const found = await transaction.readDocument<AnswerRecord>(answerKey(connection, name));
    save(connection, transaction, name, found, null);
  }
}
