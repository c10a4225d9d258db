import assert from 'node:assert/strict';

import type { StoredAnswer } from '../../../src/domain/stored-answer.ts';
import type { Bench } from './fixtures.ts';
import { DAY, NOON, pid, prediction } from './fixtures.ts';

const REQUEST = { name: 'route and key', digest: 'body' };
const ANSWER: StoredAnswer = { status: 200, location: null, body: '{"prediction":"Gemüse 🥦"}' };
const PATIENCE = 60_000;

/** Requests with an Idempotency-Key, and findings. */
export function describeAnswers(bench: Bench): void {
  const claim = (token: string, now = NOON, digest = REQUEST.digest) =>
    bench.store.claimRequest(
      { ...REQUEST, digest },
      { token, predictionId: pid(`p-${token}`) },
      now,
      PATIENCE,
    );
  const answered = async (keepUntil = NOON + DAY): Promise<void> => {
    await claim('one');
    await bench.store.saveAnswer(REQUEST.name, 'one', ANSWER, keepUntil);
  };

  describe('answers', () => {
    it('of fifty who claim a request at once, one gets it', async () => {
      const claims = await Promise.all(
        Array.from({ length: 50 }, (_, index) => claim(`token-${index}`)),
      );
      assert.equal(claims.filter(({ state }) => state === 'ours').length, 1);
      assert.equal(claims.filter(({ state }) => state === 'under_way').length, 49);
    });

    it('what was answered is answered again, also after a restart, until its time is over', async () => {
      await answered();
      bench.store = await bench.opened.restart();
      assert.deepEqual(await claim('two', NOON + DAY - 1), { state: 'answered', answer: ANSWER });
      assert.equal((await claim('three', NOON + DAY)).state, 'ours');
    });

    it('another body under the same key is told apart, while it is worked on and after', async () => {
      await claim('one');
      assert.equal((await claim('two', NOON, 'other')).state, 'other_request');
      await bench.store.saveAnswer(REQUEST.name, 'one', ANSWER, NOON + DAY);
      assert.equal((await claim('two', NOON, 'other')).state, 'other_request');
    });

    it('a claim that came to nothing is free at once, one that nobody answers after a while; the prediction stays the same', async () => {
      const first = await claim('one');
      assert.deepEqual(first, { state: 'ours', predictionId: pid('p-one'), token: 'one' });
      await bench.store.releaseRequest(REQUEST.name, 'one');
      const second = { state: 'ours', predictionId: pid('p-one'), token: 'two' };
      assert.deepEqual(await claim('two'), second);
      assert.equal((await claim('three', NOON + PATIENCE - 1)).state, 'under_way');
      assert.deepEqual(await claim('three', NOON + PATIENCE), { ...second, token: 'three' });
    });

    it('a request that came to nothing may be corrected: another body begins anew', async () => {
      await claim('one');
      await bench.store.releaseRequest(REQUEST.name, 'one');
      const corrected = { state: 'ours', predictionId: pid('p-two'), token: 'two' };
      assert.deepEqual(await claim('two', NOON, 'corrected'), corrected);
    });

    it('who lost the claim neither answers nor releases', async () => {
      await claim('one');
      await claim('two', NOON + PATIENCE);
      await bench.store.saveAnswer(REQUEST.name, 'one', ANSWER, NOON + DAY);
      await bench.store.releaseRequest(REQUEST.name, 'one');
      assert.equal((await claim('three', NOON + PATIENCE)).state, 'under_way');
    });

    it('old answers are forgotten, others stay', async () => {
      await answered();
      assert.equal(await bench.store.forgetAnswers(NOON + DAY), 0);
      assert.equal(await bench.store.forgetAnswers(NOON + DAY + 1), 1);
      assert.equal((await claim('two')).state, 'ours');
    });

    it('an answer goes with the prediction that it speaks of', async () => {
      await bench.store.recordPrediction(prediction('p-one'));
      await answered();
      await bench.store.erasePrediction(pid('p-one'), NOON);
      assert.deepEqual(await claim('two'), {
        ...{ state: 'ours', predictionId: pid('p-two'), token: 'two' },
      });
    });
  });

  describe('findings', () => {
    it('the newest of each name is kept, also over a restart', async () => {
      const { store, fence } = bench;
      assert.equal(await store.finding('written_links'), null);
      await store.saveFinding('written_links', { fingerprint: 'a', writtenAt: 1 }, fence);
      await store.saveFinding('written_links', { fingerprint: 'b', writtenAt: 2 }, fence);
      await store.saveFinding('picture_check', { at: 3, url: 'http://x', problem: null }, fence);
      bench.store = await bench.opened.restart();
      assert.deepEqual(await bench.store.finding('written_links'), {
        fingerprint: 'b',
        writtenAt: 2,
      });
      assert.equal((await bench.store.finding('picture_check'))?.at, 3);
    });

    it('only the holder of the lease writes them', async () => {
      const { store, fence } = bench;
      await store.releaseLease(fence);
      await assert.rejects(
        store.saveFinding('written_links', { fingerprint: 'a', writtenAt: 1 }, fence),
        { code: 'LEASE_LOST' },
      );
    });
  });
}
