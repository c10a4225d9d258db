import assert from 'node:assert/strict';

import { modelVersion } from '../../../src/domain/ids.ts';
import type { Store } from '../../../src/ports/store.ts';
import type { PredictionRecord } from '../../../src/ports/store/prediction-store.ts';
import type { Bench } from './fixtures.ts';
import {
  agreed,
  annotation,
  commit,
  correction,
  DAY,
  flag,
  HORIZON,
  HOUR,
  NOON,
  pid,
  prediction,
  pull,
  pushTasks,
  recordAndDecide,
} from './fixtures.ts';

async function recordsOf(store: Store, from: number, to: number): Promise<PredictionRecord[]> {
  const records: PredictionRecord[] = [];
  for await (const page of store.recordsBetween(from, to)) records.push(...page);
  return records;
}

const idsOf = (records: readonly PredictionRecord[]): string[] =>
  records.map(({ prediction: { id } }) => id).sort();

/** All predictions of a time, as an export reads them. */
export function describeRecordsBetween(bench: Bench): void {
  describe('records of a time', () => {
    it('are all that is kept of it by event time in [from, to), in whatever state, each once', async () => {
      const { store } = bench;
      await recordAndDecide(
        bench,
        [
          prediction('before', { at: NOON - 1 }),
          prediction('selected'),
          prediction('other', { modelVersion: modelVersion('v2') }),
          prediction('unselected', { at: NOON + 1 }),
          prediction('disputed-late'),
          prediction('end', { at: NOON + HOUR }),
          prediction('erased'),
          prediction('ahead', { at: NOON + 300_000, recordedAt: NOON }),
        ],
        ({ predictionId: id }) => ({ isSelected: ['selected', 'other', 'erased'].includes(id) }),
      );
      await store.recordPrediction(prediction('undecided'));
      await store.giveFeedback(flag('disputed-late'), HORIZON);
      await store.erasePrediction(pid('erased'), NOON + HOUR);
      assert.deepEqual(idsOf(await recordsOf(store, NOON, NOON + HOUR)), [
        ...['ahead', 'disputed-late', 'other', 'selected', 'undecided', 'unselected'],
      ]);
      assert.deepEqual(await recordsOf(store, NOON + DAY, NOON + 2 * DAY), []);
    });

    it('carry the live feedback and the task with its verdict', async () => {
      const { store } = bench;
      await pushTasks(bench, ['a', 'b']);
      await pull(bench, 'a', [annotation(1, 'Rice')], agreed('Rice'));
      await store.giveFeedback(correction('b', 'Rice'), HORIZON);
      await store.giveFeedback(flag('b'), HORIZON);
      await store.revokeFeedback(pid('b'), 'flag', NOON + HOUR);
      const records = new Map(
        (await recordsOf(store, 0, NOON + DAY)).map((record) => [record.prediction.id, record]),
      );
      const a = records.get(pid('a'))!;
      assert.deepEqual(a.prediction, await store.findPrediction(pid('a')));
      assert.deepEqual(a.task, await store.findTask(pid('a')));
      assert.deepEqual(a.task?.verdict, agreed('Rice'));
      assert.deepEqual(a.feedback, []);
      assert.deepEqual(records.get(pid('b'))?.feedback, [correction('b', 'Rice')]);
    });

    it('come each once where more than a page share one moment', async () => {
      const { store } = bench;
      const ids = Array.from({ length: 1300 }, (_, index) => `many-${index}`);
      for (let start = 0; start < ids.length; start += 100)
        await Promise.all(
          ids.slice(start, start + 100).map((id) => store.recordPrediction(prediction(id))),
        );
      const half = (await store.candidates(NOON + 1)).filter((_, index) => index % 2 === 0);
      await commit(bench, half, () => ({ isSelected: false }));
      assert.deepEqual(idsOf(await recordsOf(store, NOON, NOON + 1)), ids.sort());
    });
  });
}
