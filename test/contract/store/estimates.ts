import assert from 'node:assert/strict';

import { LeaseLost } from '../../../src/domain/errors.ts';
import { type AccuracyEstimate, type Mistake, pastEstimate } from '../../../src/domain/estimate.ts';
import { modelVersion, type PredictionId } from '../../../src/domain/ids.ts';
import type { Bench } from './fixtures.ts';
import {
  agreed,
  annotation,
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
  takeLease,
  V1,
} from './fixtures.ts';

const estimate = (window: AccuracyEstimate['window'], asOf: number): AccuracyEstimate =>
  ({
    ...{ modelVersion: V1, window, from: 0, to: asOf, asOf, predictions: 9, labels: 7 },
    ...{ accuracy: 0.1 + 0.2, lower: 0.1, upper: 0.5, naive: null, maturity: 0.75, reliable: true },
  }) as AccuracyEstimate;

const mistake = (predictionId: PredictionId): Mistake => ({
  ...{ predictionId, predictedClass: 'Soup', confidence: 0.9, trueClass: 'Rice' },
});

/** Units as the estimators see them, estimates as they are kept. */
export function describeEstimates(bench: Bench): void {
  describe('units', () => {
    it('are the selected predictions of the version, by event time in [from, to)', async () => {
      const { store } = bench;
      await recordAndDecide(
        bench,
        [
          prediction('before', { at: NOON - 1 }),
          prediction('first', { at: NOON, segment: 'north', probabilities: null }),
          prediction('not'),
          prediction('other', { modelVersion: modelVersion('v2') }),
          prediction('end', { at: NOON + HOUR }),
        ],
        ({ predictionId }) => ({ pi: 0.4, q: 0.2, isSelected: predictionId !== 'not' }),
      );
      assert.deepEqual(await store.units(V1, NOON, NOON + HOUR, 0), [
        {
          predictionId: 'first',
          at: NOON,
          segment: 'north',
          predictedClass: 'Soup',
          confidence: 0.9,
          probabilities: null,
          isLowConfidence: false,
          isDisputed: false,
          pi: 0.4,
          q: 0.2,
          isRandom: true,
          hasFlag: false,
          correction: null,
          outcome: { state: 'open' },
          answers: [],
        },
      ]);
    });

    it('show the outcome that the verdict means, and ties by their age', async () => {
      const { store, fence } = bench;
      const shares = { Soup: 0.5, Rice: 0.5 };
      await pushTasks(bench, ['agreed', 'tie', 'skipped', 'unusable', 'pending', 'gone']);
      await pull(bench, 'agreed', [annotation(1, 'Rice')], agreed('Rice'));
      await pull(bench, 'tie', [], { kind: 'disagreed', shares, since: NOON });
      await pull(bench, 'skipped', [], { kind: 'skipped' });
      await pull(bench, 'unusable', [], { kind: 'unusable', why: 'no_class' });
      await pull(bench, 'gone', [annotation(2, 'Rice')], agreed('Rice'));
      await store.markDeleted([pid('gone')], NOON + DAY, fence);
      const outcomes = async (tiesBefore: number) =>
        Object.fromEntries(
          (await store.units(V1, 0, NOON + 1, tiesBefore)).map((unit) => [
            unit.predictionId,
            unit.outcome,
          ]),
        );
      const expected = {
        agreed: { state: 'labelled', shares: { Rice: 1 } },
        tie: { state: 'open' },
        skipped: { state: 'skipped' },
        unusable: { state: 'skipped' },
        pending: { state: 'open' },
        gone: { state: 'deleted' },
      };
      assert.deepEqual(await outcomes(NOON), expected);
      assert.deepEqual(await outcomes(NOON + 1), {
        ...expected,
        tie: { state: 'labelled', shares },
      });
    });

    it('carry live feedback and every usable answer', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      await store.giveFeedback(correction('a', 'Rice'), HORIZON);
      await pushTasks(bench, []);
      await store.giveFeedback(flag('a'), HORIZON);
      await pull(
        bench,
        'a',
        [
          annotation(1, 'Rice'),
          annotation(2, '', { annotator: 'b', answer: { kind: 'none_of_these' } }),
          annotation(3, '', { annotator: 'c', answer: { kind: 'skipped' } }),
        ],
        { kind: 'pending' },
      );
      const read = async () => (await store.units(V1, 0, NOON + 1, 0))[0];
      const unit = await read();
      assert.deepEqual([unit?.hasFlag, unit?.correction, unit?.isDisputed], [true, 'Rice', true]);
      assert.deepEqual(unit?.answers, [
        { annotator: 'ann-1', answer: 'Rice' },
        { annotator: 'b', answer: 'None of these' },
      ]);
      await store.revokeFeedback(pid('a'), 'correction', NOON);
      assert.deepEqual([(await read())?.hasFlag, (await read())?.correction], [true, null]);
      await store.revokeFeedback(pid('a'), 'flag', NOON);
      assert.deepEqual([(await read())?.hasFlag, (await read())?.isDisputed], [false, true]);
    });

    it('neither forgetting nor erasing changes what an estimate reads', async () => {
      const { store } = bench;
      await pushTasks(bench, ['labelled', 'skipped']);
      await recordAndDecide(bench, [prediction('rest'), prediction('rest2')], () => ({
        isSelected: false,
      }));
      await store.giveFeedback(flag('labelled'), HORIZON);
      await store.giveFeedback(flag('rest'), HORIZON);
      await pull(bench, 'labelled', [annotation(1, 'Rice')], agreed('Rice'));
      await pull(bench, 'skipped', [], { kind: 'skipped' });
      const inputs = async () => ({
        units: (await store.units(V1, NOON, NOON + 1, NOON + DAY)).map(
          ({ predictionId: _id, probabilities: _p, ...unit }) => unit,
        ),
        blocks: await store.populationBlocks(V1, NOON, NOON + 1),
        days: await store.populationDays(V1, NOON, NOON + 1),
        feedback: await store.feedbackCounts(V1, NOON, NOON + 1),
      });
      const before = await inputs();
      for (const id of ['labelled', 'skipped', 'rest'])
        assert.ok(await store.erasePrediction(pid(id), NOON + DAY));
      assert.equal((await store.forgetUnselected(NOON + DAY, 10)).length, 1);
      assert.deepEqual(await inputs(), before);
      const ids = (await store.units(V1, 0, NOON + 1, 0)).map(({ predictionId }) => predictionId);
      assert.ok(!ids.includes(pid('labelled')), 'the name is gone');
    });
  });

  describe('estimates', () => {
    it('the newest of each version and window is the latest, and the history keeps what is drawn of them', async () => {
      const { store, fence } = bench;
      const all = [estimate('7d', NOON), estimate('7d', NOON + 1), estimate('all', NOON)];
      await store.saveEstimates(all.slice(0, 1), fence);
      await store.saveEstimates(all.slice(1), fence);
      assert.deepEqual(await store.latestEstimates(), all.slice(1));
      const past = all.map(pastEstimate);
      assert.deepEqual(await store.estimateHistory(V1, '7d', NOON, NOON + 2), past.slice(0, 2));
      assert.deepEqual(await store.estimateHistory(V1, '7d', NOON, NOON + 1), past.slice(0, 1));
      assert.deepEqual(await store.estimateHistory(V1, '1h', 0, NOON + 2), []);
    });

    it('the latest names mistakes, but none that was erased; the history names none', async () => {
      const { store, fence } = bench;
      await pushTasks(bench, ['gone', 'stays']);
      const [gone, stays] = [mistake(pid('gone')), mistake(pid('stays'))];
      const all = { ...estimate('all', NOON), mistakes: [stays] };
      await store.saveEstimates([{ ...estimate('7d', NOON), mistakes: [gone, stays] }, all], fence);
      assert.ok(await store.erasePrediction(pid('gone'), NOON + 1));
      const latest = [{ ...estimate('7d', NOON), mistakes: [stays] }, all];
      assert.deepEqual(await store.latestEstimates(), latest);
      assert.deepEqual(await store.estimateHistory(V1, '7d', 0, NOON + 1), [
        pastEstimate(estimate('7d', NOON)),
      ]);
    });

    it('of what is hours old the last of each hour is kept, of what is a month old the last of each day', async () => {
      const { store, fence } = bench;
      const times = Array.from({ length: 9 * 6 }, (_, index) => NOON + index * 600_000);
      await Promise.all(times.map((asOf) => store.saveEstimates([estimate('7d', asOf)], fence)));
      const kept = async (from: number, to: number) =>
        (await store.estimateHistory(V1, '7d', from, to)).map(({ asOf }) => asOf - NOON);
      assert.deepEqual(
        await kept(NOON, NOON + 5 * HOUR),
        [0, 1, 2, 3, 4].map((hour) => hour * HOUR + 50 * 60_000),
      );
      assert.equal((await kept(NOON + 6 * HOUR, NOON + 9 * HOUR)).length, 18);
      await store.saveEstimates([estimate('7d', NOON + 32 * DAY)], fence);
      assert.deepEqual(await kept(0, NOON + DAY), [8 * HOUR + 50 * 60_000]);
    });

    it('a process that lost its lease saves and rolls up nothing', async () => {
      const { store, fence } = bench;
      await takeLease(store, 'two', NOON + 120_000);
      await assert.rejects(store.saveEstimates([estimate('7d', NOON)], fence), LeaseLost);
      await assert.rejects(store.rollUp(NOON, fence), LeaseLost);
      assert.deepEqual(await store.latestEstimates(), []);
    });
  });
}
