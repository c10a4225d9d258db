import assert from 'node:assert/strict';

import { LeaseLost } from '../../../src/domain/errors.ts';
import { BLOCK_LENGTH } from '../../../src/domain/population.ts';
import type { Policy } from '../../../src/domain/selection.ts';
import type { Bench } from './fixtures.ts';
import {
  commit,
  DAY,
  decisionFor,
  entriesOf,
  flag,
  HORIZON,
  HOUR,
  NOON,
  pid,
  prediction,
  pushTasks,
  recordAndDecide,
  takeLease,
  V1,
} from './fixtures.ts';

const policy = (id: string, madeAt: number): Policy => ({
  id,
  madeAt,
  design: 'confidence',
  random: 0.1,
  lowConfidence: 0.2,
  disputed: 1,
  spare: 0.3,
  confidenceDriven: { multiplier: 1.5, meanS: 0.3 },
});

/** More than a store reads at once. */
const MANY = 1200;

/** Policies, candidates, batches. */
export function describeSelections(bench: Bench): void {
  describe('policies and budget', () => {
    it('the newest policy is in force, also when an older one is saved after it', async () => {
      const { store, fence } = bench;
      await store.savePolicy(policy('second', NOON + 2), fence);
      await store.savePolicy(policy('first', NOON + 1), fence);
      await store.savePolicy(policy('second', NOON + 2), fence);
      assert.deepEqual(await store.currentPolicy(), policy('second', NOON + 2));
    });

    it('arrivals are counted by the hour of arrival and by pattern', async () => {
      const { store } = bench;
      const low = { isLowConfidence: true, confidence: 0.2 };
      await store.recordPrediction(prediction('a', { at: NOON - 20 * DAY, recordedAt: NOON + 1 }));
      await store.recordPrediction(prediction('b', { at: NOON + HOUR, ...low }));
      await store.recordPrediction(prediction('c', { at: NOON + HOUR, ...low }));
      await store.giveFeedback(flag('c', NOON + HOUR), HORIZON);
      assert.deepEqual(await store.arrivals(NOON, NOON + 2 * HOUR), [
        { hour: NOON, byPattern: [1, 0, 0, 0] },
        { hour: NOON + HOUR, byPattern: [0, 1, 0, 1] },
      ]);
      assert.deepEqual(await store.arrivals(NOON + HOUR, NOON + HOUR), []);
    });

    it('tasks selected count for the UTC day of the decision', async () => {
      const { store } = bench;
      const midnight = NOON + 12 * HOUR;
      await store.recordPrediction(prediction('a'));
      await commit(bench, await store.candidates(NOON + 1), () => ({}), midnight - 1);
      await store.recordPrediction(prediction('b'));
      await store.recordPrediction(prediction('c'));
      await store.recordPrediction(prediction('d'));
      await commit(
        bench,
        await store.candidates(NOON + 1),
        ({ predictionId }) => ({ isSelected: predictionId !== 'd' }),
        midnight,
      );
      assert.equal(await store.selectedOnDay(midnight - DAY), 1);
      assert.equal(await store.selectedOnDay(midnight), 2);
      assert.equal(await store.selectedOnDay(midnight + DAY), 0);
    });
  });

  describe('batches', () => {
    it('candidates are what was recorded before the time and is not decided, with what decides them', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('early', { isLowConfidence: true }));
      await store.recordPrediction(prediction('late', { at: NOON + 1000 }));
      assert.deepEqual(await store.candidates(NOON + 1000), [
        {
          predictionId: 'early',
          rates: prediction('x').rates,
          isLowConfidence: true,
          disputedBy: null,
          earlier: null,
        },
      ]);
      await commit(bench, await store.candidates(NOON + 1000));
      assert.deepEqual(await store.candidates(NOON + 1000), []);
      assert.equal((await store.candidates(NOON + 1001)).length, 1);
    });

    it('however many wait, each comes once, the oldest first and late disputes last, and others have their turn meanwhile', async () => {
      const { store } = bench;
      const settled = Array.from({ length: MANY }, (_, index) => prediction(`late-${index}`));
      await recordAndDecide(bench, settled, () => ({ isSelected: false }));
      await Promise.all(settled.map(({ id }) => store.giveFeedback(flag(id), HORIZON)));
      // Half of them at one moment, as the lines of one report are.
      const ids = Array.from({ length: MANY }, (_, index) => `p${index}`);
      const at = (index: number): number => NOON + Math.max(0, index - MANY / 2);
      await Promise.all(
        ids.map((id, index) => store.recordPrediction(prediction(id, { at: at(index) }))),
      );
      let turns = 0;
      setImmediate(() => (turns += 1));
      const found = await store.candidates(NOON + DAY);
      assert.equal(turns, 1);
      assert.equal(new Set(found.map(({ predictionId }) => predictionId)).size, 2 * MANY);
      const fresh = found.slice(0, MANY);
      assert.ok(fresh.every(({ earlier }) => earlier === null));
      assert.ok(found.slice(MANY).every(({ earlier }) => earlier !== null));
      assert.deepEqual(
        fresh.slice(-MANY / 4).map(({ predictionId }) => predictionId),
        ids.slice(-MANY / 4),
      );
    });

    it('a decision is stored with the prediction, and each selected one gets one entry in its first reason’s project', async () => {
      const { store } = bench;
      const choices = {
        a: { reasons: ['low_confidence', 'random'], pi: 0.7, q: 0.3 },
        b: { reasons: ['disputed', 'low_confidence'], isRandom: false },
        c: { reasons: ['disputed'], isRandom: false },
        d: { reasons: ['spare'], isRandom: false },
        e: { isSelected: false, pi: 0.01, q: 0.005 },
      } as const;
      await recordAndDecide(
        bench,
        Object.keys(choices).map((id) => prediction(id)),
        ({ predictionId }) => choices[predictionId as unknown as keyof typeof choices],
      );
      assert.deepEqual(
        (await entriesOf(store)).map(({ predictionId, project, reasons, attempts, state }) => [
          predictionId,
          project,
          reasons,
          attempts,
          state,
        ]),
        [
          ['a', 'random', ['low_confidence', 'random'], 0, 'pending'],
          ['b', 'low_confidence', ['disputed', 'low_confidence'], 0, 'pending'],
          ['c', 'disputed', ['disputed'], 0, 'pending'],
          ['d', 'random', ['spare'], 0, 'pending'],
        ],
      );
      const { decision } = (await store.findPrediction(pid('e')))!;
      assert.deepEqual(
        { ...decision, batchId: null },
        {
          batchId: null,
          decidedAt: NOON + HOUR,
          pi: 0.01,
          q: 0.005,
          isSelected: false,
          isRandom: false,
        },
      );
    });

    it('the same batch twice changes nothing', async () => {
      const { store, fence } = bench;
      await store.recordPrediction(prediction('a'));
      const [candidate] = await store.candidates(NOON + 1);
      const batch = {
        id: 'once',
        decidedAt: NOON,
        tau: 1,
        floor: 0.1,
        budgetLeft: 3,
        decisions: [decisionFor(candidate!, 'once', NOON)],
      };
      await store.commitBatch(batch, fence);
      await store.commitBatch(batch, fence);
      assert.equal((await entriesOf(store)).length, 1);
      assert.equal(await store.selectedOnDay(NOON - 12 * HOUR), 1);
      assert.equal(await decidedCount(bench), 1);
    });

    it('a decision already made is never changed by another fresh one', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      const read = await store.candidates(NOON + 1);
      await commit(bench, read, () => ({ pi: 0.5, isSelected: false }));
      await commit(bench, read, () => ({ pi: 0.9, isSelected: true }));
      assert.equal((await store.findPrediction(pid('a')))?.decision?.pi, 0.5);
      assert.deepEqual(await entriesOf(store), []);
      assert.equal(await decidedCount(bench), 1);
    });

    it('a prediction disputed between read and commit joins the next batch', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      await store.recordPrediction(prediction('b'));
      const read = await store.candidates(NOON + 1);
      await store.giveFeedback(flag('a'), HORIZON);
      await commit(bench, read);
      assert.equal((await store.findPrediction(pid('a')))?.decision, null);
      const [next, ...others] = await store.candidates(NOON + 1);
      assert.deepEqual(others, []);
      assert.equal(next?.predictionId, 'a');
      assert.equal(next.disputedBy, 'person');
      await commit(bench, [next], () => ({ reasons: ['disputed'], isRandom: false }));
      assert.deepEqual(await store.candidates(NOON + 1), []);
    });

    it('a prediction erased or unknown between read and commit gets no task', async () => {
      const { store } = bench;
      await store.recordPrediction(prediction('a'));
      const read = await store.candidates(NOON + 1);
      await store.erasePrediction(pid('a'), NOON + 1);
      await commit(bench, read);
      assert.deepEqual(await entriesOf(store), []);
      // What is left without a name is decided like any other, so that the population stays whole; nobody can label it.
      await commit(bench, await store.candidates(NOON + 1));
      assert.deepEqual(await entriesOf(store), []);
      assert.equal(await decidedCount(bench), 1);
      const [unit] = await store.units(V1, 0, NOON + 1, 0);
      assert.equal(unit?.outcome.state, 'deleted');
    });

    it('a late dispute joins the next batch once, whatever its age, and may select', async () => {
      const { store } = bench;
      await recordAndDecide(bench, [prediction('a')], () => ({
        pi: 0.2,
        q: 0.1,
        isSelected: false,
      }));
      await store.giveFeedback(flag('a'), HORIZON);
      const [candidate] = await store.candidates(0);
      assert.equal(candidate?.disputedBy, 'person');
      assert.equal(candidate.earlier?.pi, 0.2);
      const batchId = await commit(bench, [candidate], () => ({
        pi: 0.5,
        q: 0.1,
        isRandom: false,
        reasons: ['disputed'],
      }));
      const found = await store.findPrediction(pid('a'));
      assert.equal(found?.decision?.pi, 0.5);
      assert.equal(found.decision.batchId, batchId);
      assert.deepEqual(
        (await entriesOf(store)).map(({ project }) => project),
        ['disputed'],
      );
      await commit(bench, [candidate], () => ({ pi: 0.9 }));
      assert.equal((await store.findPrediction(pid('a')))?.decision?.pi, 0.5, 'revised once');
      assert.deepEqual(await store.candidates(NOON + DAY), []);
      assert.equal((await entriesOf(store)).length, 1);
    });

    it('a late dispute of one selected already raises its pi and makes no second task', async () => {
      const { store } = bench;
      await pushTasks(bench, ['a']);
      await store.giveFeedback(flag('a'), HORIZON);
      await commit(bench, await store.candidates(0), () => ({ pi: 0.8, q: 0.25 }));
      assert.deepEqual(await entriesOf(store), []);
      const [unit] = await store.units(V1, NOON, NOON + 1, 0);
      assert.equal(unit?.pi, 0.8);
      assert.equal(unit.isDisputed, true);
      assert.equal(unit.hasFlag, true);
      assert.equal(await store.selectedOnDay(NOON - 12 * HOUR), 1);
    });

    it('two batches of the same candidates at once select each once', async () => {
      const { store, fence } = bench;
      await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.recordPrediction(prediction(`p${index}`))),
      );
      const read = await store.candidates(NOON + 1);
      await Promise.all([commit(bench, read), commit({ store, fence }, read)]);
      assert.equal((await entriesOf(store)).length, 20);
      assert.equal(await decidedCount(bench), 20);
    });

    it('a process that lost its lease writes nothing at all', async () => {
      const { store, fence } = bench;
      await store.recordPrediction(prediction('a'));
      const read = await store.candidates(NOON + 1);
      await takeLease(store, 'two', NOON + 120_000);
      await assert.rejects(commit({ store, fence }, read), LeaseLost);
      await assert.rejects(store.savePolicy(policy('x', NOON), fence), LeaseLost);
      assert.equal((await store.findPrediction(pid('a')))?.decision, null);
      assert.deepEqual(await entriesOf(store), []);
      assert.equal(await store.currentPolicy(), null);
      assert.equal(await decidedCount(bench), 0);
    });
  });
}

/** Sum of `decided` over all cells of the hour of NOON. */
async function decidedCount({ store }: Bench): Promise<number> {
  const blocks = await store.populationBlocks(V1, NOON, NOON + HOUR);
  return blocks
    .flatMap(({ sums }) => {
      assert.equal(sums.length, BLOCK_LENGTH);
      return [...sums].filter((_, index) => index % 8 === 2);
    })
    .reduce((total, value) => total + value, 0);
}
