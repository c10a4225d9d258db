import assert from 'node:assert/strict';

import { modelVersion } from '../../../src/domain/ids.ts';
import type { ShadowAnswer } from '../../../src/domain/shadow-answer.ts';
import type { Bench } from './fixtures.ts';
import {
  agreed,
  annotation,
  commit,
  DAY,
  entriesOf,
  flag,
  HORIZON,
  HOUR,
  NOON,
  pid,
  prediction,
  pull,
  pushTasks,
  recordAndDecide,
  V1,
} from './fixtures.ts';

const V2 = modelVersion('v2');
const PAIR = { served: V1, other: V2 };

/** Served: Soup. */
const shadow = (
  id: string,
  predictedClass: string,
  changes: Partial<ShadowAnswer> = {},
): ShadowAnswer => ({
  ...{ id: pid(id), modelVersion: V2, predictedClass, confidence: 0.7, at: NOON + 20 },
  ...changes,
});

/** What the model that did not serve answered. */
export function describeShadowAnswers(bench: Bench): void {
  const answer = (id: string, predictedClass: string, changes: Partial<ShadowAnswer> = {}) =>
    bench.store.recordShadowAnswer(shadow(id, predictedClass, changes), HORIZON);

  describe('shadow answers', () => {
    it('the first is kept with the prediction, across a restart; another changes nothing', async () => {
      await bench.store.recordPrediction(prediction('a'));
      assert.equal((await bench.store.findPrediction(pid('a')))?.shadowAnswer, null);
      assert.equal(await answer('a', 'Rice'), 'recorded');
      assert.equal(await answer('a', 'Soup'), 'already_recorded');
      assert.equal(
        await answer('a', 'Soup', { modelVersion: modelVersion('v3') }),
        'already_recorded',
      );
      bench.store = await bench.opened.restart();
      assert.deepEqual((await bench.store.findPrediction(pid('a')))?.shadowAnswer, {
        ...{ modelVersion: V2, predictedClass: 'Rice', confidence: 0.7, at: NOON + 20 },
      });
      assert.deepEqual(await bench.store.pairCounts(PAIR, NOON, NOON + 1), {
        answered: 1,
        differ: 1,
      });
    });

    it('to an unknown, forgotten or erased prediction is answered so, and counted nowhere', async () => {
      const { store } = bench;
      await recordAndDecide(bench, [prediction('gone'), prediction('erased')], () => ({
        isSelected: false,
      }));
      await store.erasePrediction(pid('erased'), NOON);
      await store.forgetUnselected(NOON + 1, 9);
      for (const id of ['nobody', 'gone', 'erased'])
        assert.equal(await answer(id, 'Rice'), 'unknown');
      assert.deepEqual(await store.versionPairs(), []);
    });

    it('a different class disputes the prediction, by a model; the same class does not', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('differs', { isLowConfidence: true }));
      await store.recordPrediction(prediction('agrees'));
      await answer('differs', 'Rice');
      await answer('agrees', 'Soup');
      assert.equal((await store.findPrediction(pid('differs')))?.isDisputed, true);
      assert.equal((await store.findPrediction(pid('agrees')))?.isDisputed, false);
      assert.deepEqual((await store.arrivals(NOON, NOON + HOUR))[0]?.byPattern, [1, 0, 0, 1]);
      const candidates = await store.candidates(NOON + 1);
      assert.deepEqual(
        new Map(candidates.map(({ predictionId, disputedBy }) => [predictionId, disputedBy])),
        new Map([
          [pid('differs'), 'model'],
          [pid('agrees'), null],
        ]),
      );
    });

    it('a person who disputes too, before or after, is the one who did', async () => {
      const { store } = bench;
      for (const id of ['before', 'after', 'confirmed'])
        await store.recordPrediction(prediction(id));
      await store.giveFeedback(flag('before'), HORIZON);
      for (const id of ['before', 'after', 'confirmed']) await answer(id, 'Rice');
      await store.giveFeedback(flag('after'), HORIZON);
      await store.revokeFeedback(pid('after'), 'flag', NOON + 2000);
      await store.giveFeedback({ ...flag('confirmed'), kind: 'confirmation' }, HORIZON);
      assert.deepEqual(
        (await store.candidates(NOON + 1)).map(({ disputedBy }) => disputedBy),
        ['person', 'person', 'model'],
      );
      assert.deepEqual((await store.arrivals(NOON, NOON + HOUR))[0]?.byPattern, [0, 0, 3, 0]);
    });

    it('one that comes after the decision joins the next batch once, and may select', async () => {
      const { store } = bench;
      await recordAndDecide(bench, [prediction('a')], () => ({
        ...{ pi: 0.2, q: 0.1, isSelected: false },
      }));
      await answer('a', 'Rice');
      assert.deepEqual(await store.forgetUnselected(NOON + 1, 9), []);
      const [candidate] = await store.candidates(0);
      assert.deepEqual([candidate?.disputedBy, candidate?.earlier?.pi], ['model', 0.2]);
      await commit(bench, [candidate!], () => ({
        ...{ pi: 0.5, q: 0.1, isRandom: false, reasons: ['models_differ'] },
      }));
      assert.equal((await store.findPrediction(pid('a')))?.decision?.pi, 0.5);
      assert.deepEqual(
        (await entriesOf(store)).map(({ project, reasons }) => [project, reasons]),
        [['disputed', ['models_differ']]],
      );
      // What a person says later raises nothing a second time.
      await store.giveFeedback(flag('a'), HORIZON);
      assert.deepEqual(await store.candidates(NOON + DAY), []);
    });

    it('one of a prediction that has a task already raises its pi and makes no second task', async () => {
      const { store } = bench;
      await pushTasks(bench, ['a']);
      await answer('a', 'Rice');
      await commit(bench, await store.candidates(0), () => ({ pi: 0.8, q: 0.25 }));
      assert.deepEqual(await entriesOf(store), []);
      const [unit] = await store.differingUnits(PAIR, NOON, NOON + 1, 0);
      assert.deepEqual(
        [unit?.pi, unit?.isDisputed, unit?.hasFlag, unit?.correction, unit?.otherClass],
        [0.8, true, false, null, 'Rice'],
      );
      assert.deepEqual(await store.feedbackCounts(V1, NOON, NOON + 1), {
        ...{ flag: 0, correction: 0, confirmation: 0 },
      });
    });

    it('one that comes after the freeze is counted but disputes nothing', async () => {
      const { store } = bench;
      await recordAndDecide(bench, [prediction('late'), prediction('just')]);
      await answer('late', 'Rice', { at: NOON + HORIZON });
      await answer('just', 'Rice', { at: NOON + HORIZON - 1 });
      assert.equal((await store.findPrediction(pid('late')))?.isDisputed, false);
      assert.deepEqual(
        (await store.candidates(NOON + DAY)).map(({ predictionId }) => predictionId),
        ['just'],
      );
      assert.deepEqual(await store.pairCounts(PAIR, NOON, NOON + 1), { answered: 2, differ: 2 });
      assert.equal((await store.differingUnits(PAIR, NOON, NOON + 1, 0)).length, 2);
    });

    it('one between the reading and the commit of a batch joins the next batch', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      const read = await store.candidates(NOON + 1);
      await answer('a', 'Rice');
      await commit(bench, read);
      assert.equal((await store.findPrediction(pid('a')))?.decision, null);
      assert.equal((await store.candidates(NOON + 1))[0]?.disputedBy, 'model');
    });

    it('fifty at once are one, counted once', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      const outcomes = await Promise.all(Array.from({ length: 50 }, () => answer('a', 'Rice')));
      assert.equal(outcomes.filter((outcome) => outcome === 'recorded').length, 1);
      assert.deepEqual(await store.pairCounts(PAIR, NOON, NOON + 1), { answered: 1, differ: 1 });
      assert.deepEqual((await store.arrivals(NOON, NOON + HOUR))[0]?.byPattern, [0, 0, 1, 0]);
    });
  });

  describe('pairs of versions', () => {
    it('are told apart by who served, with their first and last event, newest first', async () => {
      const { store } = bench;
      const record = async (id: string, at: number, served: string, other: string) => {
        await store.recordPrediction(prediction(id, { at, modelVersion: modelVersion(served) }));
        await answer(id, 'Rice', { modelVersion: modelVersion(other) });
      };
      await record('a', NOON, 'v1', 'v2');
      await record('b', NOON - 3 * HOUR, 'v1', 'v2');
      await record('c', NOON + HOUR, 'v2', 'v1');
      await record('d', NOON - DAY, 'v1', 'v 3:"x"');
      await store.recordPrediction(prediction('unanswered'));
      assert.deepEqual(await store.versionPairs(), [
        { served: 'v2', other: 'v1', firstAt: NOON + HOUR, lastAt: NOON + HOUR },
        { served: 'v1', other: 'v2', firstAt: NOON - 3 * HOUR, lastAt: NOON },
        { served: 'v1', other: 'v 3:"x"', firstAt: NOON - DAY, lastAt: NOON - DAY },
      ]);
      const count = async (pair: Parameters<typeof store.pairCounts>[0]) =>
        (await store.pairCounts(pair, NOON - 2 * DAY, NOON + 2 * HOUR)).answered;
      assert.equal(await count(PAIR), 2);
      assert.equal(await count({ served: V2, other: V1 }), 1);
      assert.equal(await count({ served: V1, other: modelVersion('v 3:"x"') }), 1);
    });

    it('counts belong to the hour of the prediction, and stay through rolling up, erasing and forgetting', async () => {
      const { store, fence } = bench;
      const hours = [60, 59, 50, 30, 3, 0];
      await recordAndDecide(
        bench,
        hours.map((hour) => prediction(`p${hour}`, { at: NOON - hour * HOUR })),
        () => ({ isSelected: false }),
      );
      for (const hour of hours) await answer(`p${hour}`, hour % 2 === 0 ? 'Soup' : 'Rice');
      await commit(bench, await store.candidates(0), () => ({ isSelected: false }));
      const counts = (from: number, to: number) =>
        store.pairCounts(PAIR, NOON - from * HOUR, NOON - to * HOUR);
      assert.deepEqual(await counts(60, -1), { answered: 6, differ: 2 });
      assert.deepEqual(await counts(59, 3), { answered: 3, differ: 1 });
      await store.erasePrediction(pid('p59'), NOON);
      await store.forgetUnselected(NOON - 40 * HOUR, 9);
      for (let time = 0; time < 2; time += 1) {
        await store.rollUp(NOON - DAY, fence);
        assert.deepEqual(await counts(60, -1), { answered: 6, differ: 2 });
      }
      // The day is whole now for each window that touches it.
      assert.deepEqual(await counts(58, 55), { answered: 3, differ: 1 });
      await store.recordPrediction(prediction('late', { at: NOON - 58 * HOUR }));
      await answer('late', 'Rice');
      assert.deepEqual(await counts(60, 40), { answered: 4, differ: 2 });
    });

    it('units that differ come by event time in [from, to), with their labels; those that agree do not', async () => {
      const { store } = bench;
      const items = ['before', 'first', 'same', 'unasked', 'third', 'end'] as const;
      const at = { before: NOON - 1, end: NOON + HOUR } as Partial<Record<string, number>>;
      await recordAndDecide(
        bench,
        items.map((id) => prediction(id, { at: at[id] ?? NOON })),
        ({ predictionId }) => ({ isSelected: predictionId !== 'third' }),
      );
      for (const id of ['before', 'first', 'end', 'third']) await answer(id, 'Rice');
      await answer('same', 'Soup');
      await pull(bench, 'first', [annotation(1, 'Rice')], agreed('Rice'));
      const units = await store.differingUnits(PAIR, NOON, NOON + HOUR, 0);
      assert.deepEqual(
        units.map(({ predictionId, otherClass, outcome }) => [predictionId, otherClass, outcome]),
        [['first', 'Rice', { state: 'labelled', shares: { Rice: 1 } }]],
      );
      assert.deepEqual(await store.differingUnits({ served: V2, other: V1 }, 0, NOON * 2, 0), []);
      assert.deepEqual(
        units.map(({ otherClass: _, ...unit }) => unit),
        (await store.units(V1, NOON, NOON + HOUR, 0)).filter(
          ({ predictionId }) => predictionId === 'first',
        ),
      );
    });

    it('an answer before the batch is with the unit once it is selected', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      await answer('a', 'Rice');
      await commit(bench, await store.candidates(NOON + 1));
      assert.equal((await store.differingUnits(PAIR, NOON, NOON + 1, 0)).length, 1);
    });

    it('an erased unit stays among those that differ, without a name', async () => {
      const { store } = bench;
      await pushTasks(bench, ['labelled', 'waiting']);
      await store.recordPrediction(prediction('undecided'));
      for (const id of ['labelled', 'waiting', 'undecided']) await answer(id, 'Rice');
      await pull(bench, 'labelled', [annotation(1, 'Rice')], agreed('Rice'));
      for (const id of ['labelled', 'waiting', 'undecided'])
        await store.erasePrediction(pid(id), NOON + HOUR);
      await commit(bench, await store.candidates(NOON + 1));
      const units = await store.differingUnits(PAIR, NOON, NOON + 1, 0);
      assert.deepEqual(
        units.map(({ outcome }) => outcome.state).sort((a, b) => (a < b ? -1 : 1)),
        ['deleted', 'deleted', 'labelled'],
      );
      for (const { predictionId } of units) assert.match(predictionId, /^erased-/);
      assert.deepEqual(await store.pairCounts(PAIR, NOON, NOON + 1), { answered: 3, differ: 3 });
    });
  });
}
