import type { PredictionId } from '../../domain/ids.ts';
import { type AnswerRecord, claimRecord, type StoredAnswer } from '../../domain/stored-answer.ts';
import type { AnswerStore } from '../../ports/store/answer-store.ts';
import type { Database } from './database.ts';

interface AnswerRow {
  readonly digest: string;
  readonly prediction_id: PredictionId;
  readonly token: string | null;
  readonly until: number;
  readonly answer: string | null;
}

export const answerStore = (db: Database): AnswerStore => ({
  claimRequest: ({ name, digest }, claimant, now, patienceMs) =>
    db.write(() => {
      const { claim, record } = claimRecord(find(db, name), digest, claimant, now, patienceMs);
      if (record !== null)
        db.run(
          'INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, NULL)',
          ...[name, record.digest, record.predictionId, record.token, record.until],
        );
      return claim;
    }),
  saveAnswer: (name, token, answer, keepUntil) =>
    db.write(() => {
      db.run(
        'UPDATE answers SET token = NULL, until = ?, answer = ? WHERE name = ? AND token = ?',
        ...[keepUntil, JSON.stringify(answer), name, token],
      );
    }),
  releaseRequest: (name, token) =>
    db.write(() => {
      db.run('UPDATE answers SET token = NULL WHERE name = ? AND token = ?', name, token);
    }),
  forgetAnswers: (before) => db.write(() => db.run('DELETE FROM answers WHERE until < ?', before)),
});

function find(db: Database, name: string): AnswerRecord | null {
  const row = db.get<AnswerRow>('SELECT * FROM answers WHERE name = ?', name);
  if (row === null) return null;
  const { digest, prediction_id: predictionId, token, until } = row;
  const answer = row.answer === null ? null : (JSON.parse(row.answer) as StoredAnswer);
  return { digest, predictionId, token, until, answer };
}
