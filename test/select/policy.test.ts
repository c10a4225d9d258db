import assert from 'node:assert/strict';

import fc from 'fast-check';

import { HISTOGRAM_BINS } from '../../src/domain/population.ts';
import {
  budgetOfDay,
  expectedTasks,
  firstPolicy,
  floorRate,
  makePolicy,
  type PolicyInput,
  ratesFor,
  shareRates,
  wantedRate,
} from '../../src/select/policy.ts';

const SHARES = { random: 0.6, lowConfidence: 0.2, disputed: 0.2 };
const counts = fc.tuple(fc.nat(5000), fc.nat(2000), fc.nat(1000), fc.nat(500));
const even = new Float64Array(HISTOGRAM_BINS).fill(1);
const input = (changes: Partial<PolicyInput> = {}): PolicyInput => ({
  id: 'policy',
  madeAt: 0,
  design: 'shares',
  shares: SHARES,
  budgetLeft: 200,
  restOfDay: [1000, 200, 40, 10],
  confidences: even,
  ...changes,
});

describe('the policy', () => {
  it('has rates in [0, 1], the random one never above its share, and spends what is left and no more', () => {
    fc.assert(
      fc.property(fc.nat(3000), counts, (budgetLeft, restOfDay) => {
        const rates = shareRates(SHARES, budgetLeft, restOfDay);
        for (const rate of Object.values(rates)) assert.ok(rate >= 0 && rate <= 1);
        assert.ok(rates.random <= SHARES.random);
        assert.ok(rates.spare >= rates.random);
        const traffic = restOfDay.reduce((sum, count) => sum + count, 0);
        const tasks = expectedTasks(rates, restOfDay);
        assert.ok(tasks >= Math.min(budgetLeft, traffic) - 1e-6);
        assert.ok(tasks <= budgetLeft + 1e-6 || rates.spare === rates.random);
      }),
    );
  });

  it('labels everything on a quiet service, 60 % of it as the random part', () => {
    const policy = makePolicy(input({ restOfDay: [50, 10, 5, 2] }));
    assert.equal(policy.random, 0.6);
    assert.equal(
      wantedRate(ratesFor(policy, { confidence: 0.9, isLowConfidence: false }), false),
      1,
    );
  });

  it('before anything is known takes everything', () => {
    const policy = firstPolicy(input());
    assert.deepEqual(
      [policy.random, policy.lowConfidence, policy.disputed, policy.spare],
      [0.6, 1, 1, 1],
    );
  });

  it('keeps the rate of disputed ones for a flag that may still come, and gives no low rate to others', () => {
    const policy = makePolicy(input({ restOfDay: [20_000, 2000, 400, 100] }));
    const rates = ratesFor(policy, { confidence: 0.9, isLowConfidence: false });
    assert.equal(rates.lowConfidence, 0);
    assert.ok(rates.disputed > rates.random);
    assert.ok(wantedRate(rates, true) > wantedRate(rates, false));
  });

  it('by confidence: rates fall with confidence, spend the budget, and the smallest is the random part', () => {
    const policy = makePolicy(input({ design: 'confidence', restOfDay: [2000, 0, 0, 0] }));
    const rate = (confidence: number): number =>
      wantedRate(ratesFor(policy, { confidence, isLowConfidence: false }), false);
    assert.ok(rate(0.5) > rate(0.9) && rate(0.9) > rate(0.99));
    assert.equal(rate(0.99), policy.random);
    const centres = Array.from(even, (_, bin) => (bin + 0.5) / HISTOGRAM_BINS);
    const mean = centres.reduce((sum, c) => sum + rate(c), 0) / centres.length;
    assert.ok(Math.abs(2000 * mean - 200) < 1e-6, String(2000 * mean));
  });

  it('by confidence, with nothing seen yet, takes no more than the budget', () => {
    const policy = makePolicy(
      input({
        design: 'confidence',
        restOfDay: [1000, 0, 0, 0],
        confidences: new Float64Array(HISTOGRAM_BINS),
      }),
    );
    assert.ok(
      Math.abs(
        wantedRate(ratesFor(policy, { confidence: 0.5, isLowConfidence: false }), false) - 0.2,
      ) < 1e-9,
    );
  });
});

describe('the floor', () => {
  it('is 0.4 of the budget over the larger of forecast and recorded traffic, never 0', () => {
    assert.equal(floorRate(200, { wholeDay: 1600, recordedToday: 100 }), 0.05);
    assert.equal(floorRate(200, { wholeDay: 1600, recordedToday: 3200 }), 0.025);
    assert.equal(floorRate(200, { wholeDay: 0, recordedToday: 0 }), 0.4);
  });
});

describe('the budget of a day', () => {
  it('is as configured until more than a week of it is open', () => {
    assert.equal(budgetOfDay({ configured: 200, openTasks: 1400, labelsLastDay: 3 }), 200);
  });

  it('then is what people label in a day, at least 10 and at most as configured', () => {
    const budget = (labelsLastDay: number): number =>
      budgetOfDay({ configured: 200, openTasks: 1401, labelsLastDay });
    assert.deepEqual([budget(3), budget(70), budget(500)], [10, 70, 200]);
  });
});
