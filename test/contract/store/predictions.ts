import assert from 'node:assert/strict';

import { objectKey } from '../../../src/domain/ids.ts';
import type { Bench } from './fixtures.ts';
import {
  commit,
  correction,
  DAY,
  flag,
  HORIZON,
  HOUR,
  NOON,
  pid,
  prediction,
  recordAndDecide,
  V1,
} from './fixtures.ts';

/** Recording, feedback. */
export function describePredictions(bench: Bench): void {
  describe('predictions', () => {
    it('an empty store knows nothing and says so without fault', async () => {
      const { store } = bench;
      assert.equal(await store.findPrediction(pid('nobody')), null);
      assert.deepEqual(await store.feedbackOf(pid('nobody')), []);
      assert.deepEqual(await store.candidates(NOON), []);
      assert.deepEqual(await store.modelVersions(), []);
      assert.deepEqual(await store.populationBlocks(V1, 0, NOON), []);
      assert.deepEqual(await store.populationDays(V1, 0, NOON), []);
      assert.deepEqual(await store.units(V1, 0, NOON, 0), []);
      assert.deepEqual(await store.forgetUnselected(NOON, 10), []);
      assert.equal(await store.currentPolicy(), null);
    });

    it('a prediction comes back as it was recorded, in any script, with and without probabilities', async () => {
      const { store } = bench;
      const items = [
        prediction('plain'),
        prediction('none', { probabilities: null, confidence: 0 }),
        prediction('uni', {
          predictedClass: 'Gemüse 🥦',
          segment: 'Zürich "a:b{c}"',
          probabilities: { 'Gemüse 🥦': 0.1 + 0.2, 'x:y': 1e-300 },
          confidence: 1,
          source: 'reported',
          externalId: 'ключ:1 {x}',
          at: NOON - 29 * DAY,
          recordedAt: NOON,
        }),
      ];
      for (const item of items)
        assert.deepEqual(await store.recordPrediction(item), { outcome: 'recorded', id: item.id });
      for (const item of items)
        assert.deepEqual(await store.findPrediction(item.id), {
          ...item,
          isDisputed: false,
          shadowAnswer: null,
          decision: null,
        });
    });

    it('what was acknowledged is there after a restart', async () => {
      await bench.store.recordPrediction(prediction('kept'));
      bench.store = await bench.opened.restart();
      assert.equal((await bench.store.findPrediction(pid('kept')))?.id, 'kept');
      assert.equal((await bench.store.candidates(NOON + 1)).length, 1);
    });

    it('the same id, or the same external id, is one prediction, counted once', async () => {
      const { store } = bench;
      const first = prediction('a', { externalId: 'ext' });
      await store.recordPrediction(first);
      assert.deepEqual(await store.recordPrediction(first), {
        outcome: 'already_recorded',
        id: 'a',
      });
      assert.deepEqual(await store.recordPrediction(prediction('b', { externalId: 'ext' })), {
        outcome: 'already_recorded',
        id: 'a',
      });
      assert.equal(await store.findPrediction(pid('b')), null);
      assert.equal((await store.candidates(NOON + 1)).length, 1);
      const [arrivals] = await store.arrivals(NOON, NOON + HOUR);
      assert.deepEqual(arrivals, { hour: NOON, byPattern: [1, 0, 0, 0] });
    });

    it('fifty reports of one external id at once are one prediction', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          bench.store.recordPrediction(prediction(`p${index}`, { externalId: 'same' })),
        ),
      );
      assert.equal(outcomes.filter(({ outcome }) => outcome === 'recorded').length, 1);
      assert.equal(new Set(outcomes.map(({ id }) => id)).size, 1);
    });

    it('a thousand recorded at once are all there, each counted', async () => {
      const { store } = bench;
      await Promise.all(
        Array.from({ length: 1000 }, (_, index) => store.recordPrediction(prediction(`p${index}`))),
      );
      assert.equal((await store.candidates(NOON + 1)).length, 1000);
      const [block] = await store.populationBlocks(V1, NOON, NOON + HOUR);
      assert.equal(
        block?.sums.filter((_, index) => index % 8 === 0).reduce((sum, n) => sum + n, 0),
        1000,
      );
    });

    it('model versions are told with their first and last event, newest traffic first', async () => {
      const { store } = bench;
      for (const [id, version, at] of [
        ['a', 'old', NOON - DAY],
        ['b', 'old', NOON - 9 * DAY],
        ['c', 'new', NOON],
      ] as const)
        await store.recordPrediction(
          prediction(id, { at, modelVersion: version as unknown as typeof V1 }),
        );
      assert.deepEqual(await store.modelVersions(), [
        { modelVersion: 'new', firstAt: NOON, lastAt: NOON },
        { modelVersion: 'old', firstAt: NOON - 9 * DAY, lastAt: NOON - DAY },
      ]);
    });
  });

  describe('feedback', () => {
    it('is kept with its time, one live of each kind, and comes back', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      assert.deepEqual(await store.giveFeedback(flag('a'), HORIZON), {
        counted: 'flag',
        isNew: true,
      });
      assert.deepEqual(await store.giveFeedback(flag('a', NOON + 2000), HORIZON), {
        counted: 'flag',
        isNew: false,
      });
      await store.giveFeedback(correction('a', 'Rice', NOON + 3000), HORIZON);
      assert.deepEqual(await store.feedbackOf(pid('a')), [
        flag('a', NOON + 2000),
        correction('a', 'Rice', NOON + 3000),
      ]);
      assert.deepEqual(await store.feedbackCounts(V1, NOON, NOON + HOUR), {
        flag: 1,
        correction: 1,
        confirmation: 0,
      });
    });

    it('on an unknown prediction is answered by null', async () => {
      assert.equal(await bench.store.giveFeedback(flag('nobody'), HORIZON), null);
      assert.equal(await bench.store.revokeFeedback(pid('nobody'), 'flag', NOON), false);
    });

    it("a correction to the model's own class is a confirmation, disputes nothing and takes a correction back", async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      await store.recordPrediction(prediction('b'));
      assert.deepEqual(await store.giveFeedback(correction('a', 'Soup'), HORIZON), {
        counted: 'confirmation',
        isNew: true,
      });
      assert.equal((await store.findPrediction(pid('a')))?.isDisputed, false);
      await store.giveFeedback(correction('b', 'Rice'), HORIZON);
      await store.giveFeedback(correction('b', 'Soup'), HORIZON);
      assert.deepEqual(
        (await store.feedbackOf(pid('b'))).map(({ kind }) => kind),
        ['confirmation'],
      );
    });

    it('disputes for ever: taking it back changes what is shown, never the design', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      await store.giveFeedback(flag('a'), HORIZON);
      assert.equal(await store.revokeFeedback(pid('a'), 'flag', NOON + 5000), true);
      assert.equal(await store.revokeFeedback(pid('a'), 'flag', NOON + 6000), false);
      assert.deepEqual(await store.feedbackOf(pid('a')), []);
      assert.equal((await store.findPrediction(pid('a')))?.isDisputed, true);
      assert.equal((await store.feedbackCounts(V1, NOON, NOON + 1)).flag, 0);
      assert.deepEqual((await store.arrivals(NOON, NOON + HOUR))[0]?.byPattern, [0, 0, 1, 0]);
      assert.deepEqual(await store.giveFeedback(flag('a', NOON + 7000), HORIZON), {
        counted: 'flag',
        isNew: true,
      });
    });

    it('after the flag horizon is shown but disputes nothing', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      await store.recordPrediction(prediction('b'));
      await store.giveFeedback(flag('a', NOON + HORIZON), HORIZON);
      await store.giveFeedback(flag('b', NOON + HORIZON - 1), HORIZON);
      assert.equal((await store.findPrediction(pid('a')))?.isDisputed, false);
      assert.equal((await store.findPrediction(pid('b')))?.isDisputed, true);
      assert.equal((await store.feedbackCounts(V1, NOON, NOON + 1)).flag, 2);
    });

    it('fifty flags at once are one flag and one dispute', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a', { isLowConfidence: true }));
      const given = await Promise.all(
        Array.from({ length: 50 }, () => store.giveFeedback(flag('a'), HORIZON)),
      );
      assert.equal(given.filter((answer) => answer?.isNew).length, 1);
      assert.deepEqual((await store.arrivals(NOON, NOON + HOUR))[0]?.byPattern, [0, 0, 0, 1]);
      assert.equal((await store.feedbackCounts(V1, NOON, NOON + 1)).flag, 1);
    });

    it('counts belong to the hour of the prediction, not of the feedback', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a', { at: NOON - 3 * HOUR }));
      await store.giveFeedback(flag('a', NOON), HORIZON);
      assert.equal((await store.feedbackCounts(V1, NOON - 3 * HOUR, NOON)).flag, 1);
      assert.equal((await store.feedbackCounts(V1, NOON, NOON + HOUR)).flag, 0);
    });
  });

  describe('deleting', () => {
    it('what nobody selected is forgotten by age, and its keys are told once', async () => {
      const { store } = bench;
      await recordAndDecide(
        bench,
        ['a', 'b', 'c'].map((id, index) => prediction(id, { at: NOON + index * HOUR })),
        ({ predictionId }) => ({ isSelected: predictionId === 'b' }),
      );
      await store.recordPrediction(prediction('undecided'));
      assert.deepEqual(await store.forgetUnselected(NOON + 9 * HOUR, 1), ['images/a.jpg']);
      assert.deepEqual(await store.forgetUnselected(NOON + 9 * HOUR, 9), ['images/c.jpg']);
      assert.deepEqual(await store.forgetUnselected(NOON + 9 * HOUR, 9), []);
      assert.equal(await store.findPrediction(pid('a')), null);
      assert.ok(await store.findPrediction(pid('b')));
      assert.ok(await store.findPrediction(pid('undecided')));
    });

    it('nothing recorded at or after the given time is forgotten, and no late dispute', async () => {
      const { store } = bench;
      await recordAndDecide(bench, [prediction('a'), prediction('b', { at: NOON - 1 })], () => ({
        isSelected: false,
      }));
      await store.giveFeedback(flag('b'), HORIZON);
      assert.deepEqual(await store.forgetUnselected(NOON, 9), []);
      await commit(bench, await store.candidates(NOON), () => ({ isSelected: false }));
      assert.deepEqual(await store.forgetUnselected(NOON, 9), ['images/b.jpg']);
    });

    it('an object is referenced exactly as long as a prediction has it', async () => {
      const { store } = bench;
      const shared = objectKey('shared');
      await recordAndDecide(
        bench,
        [
          prediction('a', { objectKey: shared }),
          prediction('b', { objectKey: shared, at: NOON + HOUR }),
        ],
        () => ({ isSelected: false }),
      );
      assert.equal(await store.isObjectReferenced(shared), true);
      assert.equal(await store.isObjectReferenced(objectKey('other')), false);
      assert.deepEqual(await store.forgetUnselected(NOON + 1, 9), []);
      assert.equal(await store.isObjectReferenced(shared), true);
      assert.deepEqual(await store.forgetUnselected(NOON + DAY, 9), [shared]);
      assert.equal(await store.isObjectReferenced(shared), false);
    });

    it('an erased prediction is unknown from then on, whatever its state', async () => {
      const { store } = bench;
      await recordAndDecide(bench, [prediction('selected'), prediction('not')], (candidate) => ({
        isSelected: candidate.predictionId === 'selected',
      }));
      await store.recordPrediction(prediction('undecided'));
      for (const id of ['selected', 'not', 'undecided']) {
        await store.giveFeedback(flag(id), HORIZON);
        assert.deepEqual(await store.erasePrediction(pid(id), NOON + DAY), {
          objectKey: `images/${id}.jpg`,
          taskId: null,
        });
        assert.equal(await store.findPrediction(pid(id)), null);
        assert.deepEqual(await store.feedbackOf(pid(id)), []);
        assert.equal(await store.giveFeedback(flag(id), HORIZON), null);
        assert.equal(await store.erasePrediction(pid(id), NOON + DAY), null);
        assert.equal(await store.isObjectReferenced(objectKey(`images/${id}.jpg`)), false);
      }
      assert.equal(await store.erasePrediction(pid('nobody'), NOON), null);
    });
  });
}
