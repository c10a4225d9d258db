import assert from 'node:assert/strict';

import type { Policy } from '../../src/domain/selection.ts';
import { createPolicyInForce } from '../../src/record/policy-in-force.ts';

const policy = (id: string): Policy => ({
  id,
  madeAt: 0,
  design: 'shares',
  random: 0.6,
  lowConfidence: 1,
  disputed: 1,
  spare: 1,
  confidenceDriven: null,
});

describe('the policy in force', () => {
  let now: number;
  let stored: Policy | null;
  let reads: number;
  let inForce: () => Promise<Policy>;
  beforeEach(() => {
    now = 1_000_000;
    stored = null;
    reads = 0;
    const store = {
      currentPolicy: () => {
        reads++;
        return Promise.resolve(stored);
      },
    };
    inForce = createPolicyInForce(store, { now: () => now }, policy('first'));
  });

  it('is the first one until another is made', async () => {
    assert.equal((await inForce()).id, 'first');
  });

  it('is followed within a few seconds, and not read for every prediction', async () => {
    await inForce();
    stored = policy('second');
    for (let times = 0; times < 100; times++) await inForce();
    assert.equal(reads, 1);
    now += 2000;
    assert.equal((await inForce()).id, 'second');
  });

  it('is read again after the clock was set back', async () => {
    await inForce();
    stored = policy('second');
    now -= 3_600_000;
    assert.equal((await inForce()).id, 'second');
  });
});
