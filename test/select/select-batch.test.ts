import assert from 'node:assert/strict';

import fc from 'fast-check';

import { predictionId } from '../../src/domain/ids.ts';
import type { Decision, Rates } from '../../src/domain/prediction.ts';
import type { Candidate, Disputant } from '../../src/domain/selection.ts';
import { selectBatch } from '../../src/select/select-batch.ts';

const rate = fc.double({ min: 0, max: 1, noNaN: true });
const uniform = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const drawn = fc.record({
  u: uniform,
  rates: fc.record({ random: rate, lowConfidence: rate, disputed: rate, spare: rate }),
  disputedBy: fc.constantFrom('person' as const, 'model' as const, null),
});
interface Drawn {
  readonly u: number;
  readonly rates: Rates;
  readonly disputedBy: Disputant | null;
}

const candidate = (index: number, rates: Rates, changes: Partial<Candidate> = {}): Candidate => ({
  predictionId: predictionId(String(index)),
  rates,
  isLowConfidence: rates.lowConfidence > 0,
  disputedBy: null,
  earlier: null,
  ...changes,
});

const select = (items: readonly Drawn[], budgetLeft: number, floor = 0.01) =>
  selectBatch({
    id: 'batch',
    decidedAt: 0,
    budgetLeft,
    floor,
    numberOf: (id) => items[Number(id)]?.u ?? 0,
    candidates: items.map(({ rates, disputedBy }, index) =>
      candidate(index, rates, { disputedBy }),
    ),
  });

const only = (random: number): Rates => ({ random, lowConfidence: 0, disputed: 0, spare: 0 });
const earlier = (changes: Partial<Decision>): Decision => ({
  batchId: 'first',
  decidedAt: 0,
  pi: 0.1,
  q: 0.1,
  isSelected: false,
  isRandom: false,
  ...changes,
});

describe('a batch', () => {
  it('gives everyone 0 < q <= pi <= 1, and every random one is selected with random as its first reason', () => {
    fc.assert(
      fc.property(fc.array(drawn), fc.nat(20), (items, budget) => {
        for (const { decision, reasons } of select(items, budget).decisions) {
          assert.ok(decision.q > 0 && decision.q <= decision.pi && decision.pi <= 1);
          assert.equal(decision.isRandom, reasons[0] === 'random');
          assert.equal(decision.isSelected, reasons.length > 0);
        }
      }),
    );
  });

  it('takes no more than the budget, but for those below the floor', () => {
    fc.assert(
      fc.property(fc.array(drawn), fc.nat(20), (items, budget) => {
        const batch = select(items, budget);
        const above = batch.decisions.filter(
          ({ decision }, index) => decision.isSelected && (items[index]?.u ?? 0) >= batch.floor,
        );
        assert.ok(above.length <= budget);
      }),
    );
  });

  it('selects a superset when a rate is larger', () => {
    fc.assert(
      fc.property(fc.array(drawn), fc.double({ min: 1, max: 3, noNaN: true }), (items, factor) => {
        const chosen = (by: number): readonly boolean[] =>
          select(
            items.map((item) => ({ ...item, rates: only(Math.min(1, item.rates.random * by)) })),
            items.length,
          ).decisions.map(({ decision }) => decision.isSelected);
        const more = chosen(factor);
        chosen(1).forEach((isSelected, index) => {
          if (isSelected) assert.equal(more[index], true);
        });
      }),
    );
  });

  it('selects a superset when the budget is larger', () => {
    fc.assert(
      fc.property(fc.array(drawn), fc.nat(10), fc.nat(10), (items, budget, extra) => {
        const more = select(items, budget + extra).decisions;
        select(items, budget).decisions.forEach(({ decision }, index) => {
          if (decision.isSelected) assert.equal(more[index]?.decision.isSelected, true);
        });
      }),
    );
  });

  it('decides alike whoever disputes, a person or a model', () => {
    fc.assert(
      fc.property(fc.array(drawn), fc.nat(20), (items, budget) => {
        const by = (disputant: Disputant) =>
          select(
            items.map((item) => ({ ...item, disputedBy: item.disputedBy && disputant })),
            budget,
          ).decisions.map(({ decision }) => decision);
        assert.deepEqual(by('model'), by('person'));
      }),
    );
  });

  it('does not depend on the order of its candidates', () => {
    fc.assert(
      fc.property(fc.array(drawn), fc.nat(10), (items, budget) => {
        const forward = select(items, budget);
        const backward = select([...items].reverse(), budget);
        assert.equal(backward.tau, forward.tau);
        assert.deepEqual(
          [...backward.decisions].reverse().map(({ decision }) => decision),
          forward.decisions.map(({ decision }) => decision),
        );
      }),
    );
  });

  it("has tau in everyone's pi when the cap works", () => {
    const items = [0.1, 0.2, 0.3].map((u) => ({ u, rates: only(1), disputedBy: null }));
    const batch = select(items, 2);
    assert.equal(batch.tau, 0.3);
    assert.deepEqual(
      batch.decisions.map(({ decision }) => decision.pi),
      [0.3, 0.3, 0.3],
    );
    assert.deepEqual(
      batch.decisions.map(({ decision }) => decision.isSelected),
      [true, true, false],
    );
  });

  it('keeps the floor when the budget is spent', () => {
    const items = [0.01, 0.2].map((u) => ({ u, rates: only(0), disputedBy: null }));
    const { decisions } = select(items, 0, 0.05);
    assert.deepEqual(
      decisions.map(({ decision }) => decision.pi),
      [0.05, 0.05],
    );
    assert.deepEqual(
      decisions.map(({ decision }) => decision.isSelected),
      [true, false],
    );
  });

  it('uses the rates that a prediction was recorded with, whatever others have', () => {
    const items = [
      { u: 0.5, rates: only(0.3), disputedBy: null },
      { u: 0.5, rates: only(0.7), disputedBy: null },
    ];
    assert.deepEqual(
      select(items, 9).decisions.map(({ decision }) => decision.pi),
      [0.3, 0.7],
    );
  });

  it('names every strategy that reaches the number, in the order of the projects', () => {
    const rates = { random: 0.1, lowConfidence: 0.5, disputed: 0.4, spare: 0.2 };
    const reasons = (u: number, disputedBy: Disputant | null) =>
      select([{ u, rates, disputedBy }], 9).decisions[0]?.reasons;
    assert.deepEqual(reasons(0.05, 'person'), ['random', 'low_confidence', 'disputed', 'spare']);
    assert.deepEqual(reasons(0.05, 'model'), [
      'random',
      'low_confidence',
      'models_differ',
      'spare',
    ]);
    assert.deepEqual(reasons(0.3, 'person'), ['low_confidence', 'disputed']);
    assert.deepEqual(reasons(0.3, 'model'), ['low_confidence', 'models_differ']);
    assert.deepEqual(reasons(0.3, null), ['low_confidence']);
    assert.deepEqual(reasons(0.6, 'person'), []);
  });

  it('refuses a floor that is no probability', () => {
    assert.throws(() => select([], 1, 2), RangeError);
  });
});

describe('a dispute that comes after the first batch', () => {
  const rates = { random: 0.1, lowConfidence: 0, disputed: 0.6, spare: 0.1 };
  const revise = (u: number, decision: Decision, budgetLeft = 9, by: Disputant = 'person') =>
    selectBatch({
      id: 'second',
      decidedAt: 1,
      budgetLeft,
      floor: 0.01,
      numberOf: () => u,
      candidates: [candidate(0, rates, { disputedBy: by, earlier: decision })],
    }).decisions[0];

  it('raises pi and leaves q', () => {
    const revised = revise(0.3, earlier({}));
    assert.equal(revised?.decision.pi, 0.6);
    assert.equal(revised.decision.q, 0.1);
    assert.equal(revised.isNewlySelected, true);
    assert.deepEqual(revised.reasons, ['disputed']);
    assert.deepEqual(revise(0.3, earlier({}), 9, 'model'), {
      ...revised,
      reasons: ['models_differ'],
    });
  });

  it('names the random part first', () => {
    const selected = earlier({ isSelected: true, isRandom: true });
    assert.deepEqual(revise(0.05, selected)?.reasons, ['random', 'disputed']);
    assert.deepEqual(revise(0.05, selected, 9, 'model')?.reasons, ['random', 'models_differ']);
  });

  it('never lowers pi', () => {
    assert.equal(revise(0.99, earlier({ pi: 0.8 }))?.decision.pi, 0.8);
  });

  it('keeps what was selected, and takes no place of the budget then', () => {
    const selected = earlier({ isSelected: true, isRandom: true });
    const revised = revise(0.05, selected, 0);
    assert.equal(revised?.decision.isSelected, true);
    assert.equal(revised.decision.isRandom, true);
    assert.equal(revised.isNewlySelected, false);
    assert.equal(revised.decision.pi, 0.6);
  });
});
