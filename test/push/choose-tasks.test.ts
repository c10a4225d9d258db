import assert from 'node:assert/strict';

import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { type PredictionId, predictionId } from '../../src/domain/ids.ts';
import type { Batch } from '../../src/domain/selection.ts';
import { chooseTasks } from '../../src/push/choose-tasks.ts';
import { renewPolicy } from '../../src/push/renew-policy.ts';
import { selectBatch } from '../../src/select/select-batch.ts';
import { DECISIONS_MAX } from '../../src/select/split-batch.ts';
import { prediction } from '../contract/store/fixtures.ts';
import { type Loop, openLoop } from '../fakes/label-studio-loop.ts';

describe('choosing tasks', function () {
  this.timeout(30_000);
  let loop: Loop;
  beforeEach(async () => {
    loop = await openLoop();
  });
  afterEach(() => loop.close());

  const choose = (changes: Partial<Parameters<typeof chooseTasks>[1]> = {}) =>
    chooseTasks(
      { store: loop.store, random: systemRandom, meter: loop.meter },
      {
        ...{ pushDelayMs: 60_000, budgetPerDay: 200, isDeduplicating: false },
        numberOf: () => 0.5,
        ...changes,
      },
      loop.now(),
      loop.fence,
    );

  it('a prediction rests for the push delay, then is decided once', async () => {
    const [id] = (await loop.record(1)) as [PredictionId];
    assert.deepEqual(await choose(), { decided: 0, selected: 0 });
    loop.advance(61_000);
    assert.deepEqual(await choose(), { decided: 1, selected: 1 });
    assert.deepEqual(await choose(), { decided: 0, selected: 0 });
    const decision = (await loop.store.findPrediction(id))?.decision;
    assert.deepEqual([decision?.pi, decision?.isSelected], [1, true]);
    assert.equal(loop.meter.value('truthloop_tasks_selected_total', { reason: 'random' }), 1);
  });

  it('a flag given while it rests still counts', async () => {
    const rates = { random: 0.1, lowConfidence: 0, disputed: 1, spare: 0.1 };
    const [id] = (await loop.record(1, { rates })) as [PredictionId];
    const flag = { predictionId: id, kind: 'flag', suggestedClass: null, at: loop.now() } as const;
    await loop.store.giveFeedback(flag, 7 * 86_400_000);
    loop.advance(61_000);
    assert.equal((await choose()).selected, 1);
    assert.equal(loop.meter.value('truthloop_tasks_selected_total', { reason: 'disputed' }), 1);
  });

  it('of a dump the budget takes what it can, and the rest has its probability all the same', async () => {
    const ids = await loop.record(40);
    loop.advance(61_000);
    const order = new Map(ids.map((id, index) => [id, (index + 0.5) / ids.length]));
    const { decided, selected } = await choose({
      budgetPerDay: 10,
      numberOf: (id) => order.get(id) as number,
    });
    assert.deepEqual([decided, selected], [40, 10]);
    const last = await loop.store.findPrediction(ids.at(-1) as PredictionId);
    assert.ok(last?.decision);
    assert.equal(last.decision.isSelected, false);
    assert.ok(last.decision.pi > 0);
  });

  it('a spent budget selects by the floor only', async () => {
    await loop.record(10);
    loop.advance(61_000);
    await choose({ budgetPerDay: 10 });
    await loop.record(10);
    loop.advance(61_000);
    const { decided, selected } = await choose({ budgetPerDay: 10 });
    assert.deepEqual([decided, selected], [10, 0]);
  });

  describe('of more than a store commits at once', () => {
    const COUNT = 2 * DECISIONS_MAX + 10;
    const BUDGET = 300;
    const numberOf = (id: PredictionId): number => ((Number(id) + 0.5) * 0.618_033_988_75) % 1;
    const rates = { random: 0.5, lowConfidence: 0, disputed: 0, spare: 0.5 };
    let committed: Batch[];

    beforeEach(async () => {
      const { store } = loop;
      const at = loop.now();
      await Promise.all(
        Array.from({ length: COUNT }, (_, index) =>
          store.recordPrediction(prediction(String(index), { at, rates })),
        ),
      );
      loop.advance(61_000);
      committed = [];
      loop.store = {
        ...store,
        commitBatch: async (batch, ...others) => {
          await store.commitBatch(batch, ...others);
          committed.push(batch);
        },
      };
    });

    const chooseAll = () => choose({ budgetPerDay: BUDGET, numberOf });
    const counted = () => loop.meter.value('truthloop_tasks_selected_total', { reason: 'random' });
    const newlySelected = (batch: Batch) =>
      batch.decisions.filter(({ isNewlySelected }) => isNewlySelected).length;

    it('each part is a batch of its own, and all get what one batch would give them', async () => {
      const candidates = await loop.store.candidates(loop.now());
      const { decided, selected } = await chooseAll();
      assert.deepEqual([decided, selected], [COUNT, BUDGET]);
      assert.deepEqual(
        committed.map(({ decisions }) => decisions.length),
        [DECISIONS_MAX, DECISIONS_MAX, 10],
      );
      const [{ tau, floor, budgetLeft, decidedAt }] = committed as [Batch];
      const whole = selectBatch({
        ...{ id: 'whole', decidedAt, candidates, budgetLeft, floor, numberOf },
      });
      assert.deepEqual([whole.tau, budgetLeft, counted()], [tau, BUDGET, BUDGET]);
      for (const { predictionId: id, decision } of whole.decisions) {
        const stored = (await loop.store.findPrediction(id))?.decision;
        assert.deepEqual({ ...stored, batchId: 'whole' }, decision);
      }
      assert.equal(new Set(committed.map(({ id }) => id)).size, 3);
      for (const { id, decisions, ...known } of committed) {
        assert.deepEqual(known, { decidedAt, tau, floor, budgetLeft });
        assert.deepEqual([...new Set(decisions.map(({ decision }) => decision.batchId))], [id]);
      }
    });

    it('what a run that fails between two leaves is decided by the next, within the same budget', async () => {
      const { store } = loop;
      loop.store = {
        ...store,
        commitBatch: (batch, ...others) =>
          committed.length === 1
            ? Promise.reject(new Error('down'))
            : store.commitBatch(batch, ...others),
      };
      await assert.rejects(chooseAll(), /down/);
      const [first] = committed as [Batch];
      assert.equal(counted(), newlySelected(first), 'counted as far as stored');
      assert.equal((await store.candidates(loop.now())).length, COUNT - DECISIONS_MAX);

      loop.store = store;
      assert.equal((await chooseAll()).decided, COUNT - DECISIONS_MAX);
      assert.equal(counted(), BUDGET);
      for (const { predictionId: id, decision } of first.decisions)
        assert.deepEqual((await store.findPrediction(id))?.decision, decision);
      const last = await store.findPrediction(predictionId(String(COUNT - 1)));
      assert.ok((last?.decision?.pi ?? 0) > 0);
    });
  });
});

describe('renewPolicy', () => {
  let loop: Loop;
  beforeEach(async () => {
    loop = await openLoop();
  });
  afterEach(() => loop.close());

  const shares = { random: 0.6, lowConfidence: 0.2, disputed: 0.2 };
  const renew = (design: 'shares' | 'confidence' = 'shares') =>
    renewPolicy(
      { store: loop.store, random: systemRandom },
      { design, shares, budgetPerDay: 100 },
      loop.now(),
      loop.fence,
    );

  it('makes at most one policy a minute', async () => {
    const first = await renew();
    assert.ok(first !== null);
    loop.advance(59_000);
    assert.equal(await renew(), null);
    assert.deepEqual(await loop.store.currentPolicy(), first);
    loop.advance(2000);
    const second = await renew();
    assert.notEqual(second?.id, first.id);
    assert.deepEqual(await loop.store.currentPolicy(), second);
  });

  it('a quiet service has everything labelled, the random part at its share', async () => {
    const policy = await renew();
    assert.deepEqual(
      [policy?.random, policy?.lowConfidence, policy?.disputed, policy?.spare],
      [0.6, 1, 1, 1],
    );
  });

  it('a busy service spends what is left of the budget', async () => {
    await loop.record(400);
    const policy = await renew();
    assert.ok((policy?.spare ?? 1) <= 0.26, `spare ${String(policy?.spare)}`);
  });

  it('the design by confidence reads the confidences that were recorded', async () => {
    await loop.record(50);
    const policy = await renew('confidence');
    assert.ok(policy);
    assert.equal(policy.design, 'confidence');
    assert.ok(policy.confidenceDriven !== null);
  });
});
