import assert from 'node:assert/strict';

import { createSyncLoop, type Trigger } from '../../src/sync/sync-loop.ts';

const silent = { error() {}, warn() {}, info() {}, debug() {} };

function loopWithGate() {
  const runs: { id: string; trigger: Trigger; signal: AbortSignal }[] = [];
  const gates: (() => void)[] = [];
  let active = 0;
  let activeMost = 0;
  let ids = 0;
  const loop = createSyncLoop({
    makeId: () => `run-${++ids}`,
    log: silent,
    execute: async (id, trigger, _orders, signal) => {
      runs.push({ id, trigger, signal });
      activeMost = Math.max(activeMost, ++active);
      await new Promise<void>((resolve) => gates.push(resolve));
      active -= 1;
    },
  });
  return { loop, runs, gates, most: () => activeMost };
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

describe('the sync loop', () => {
  it('never overlaps itself and folds many requests into one run after the current', async () => {
    const { loop, runs, gates, most } = loopWithGate();
    const first = loop.request('start');
    const second = loop.request('webhook');
    assert.equal(loop.request('request'), second, 'a waiting run answers every later request');
    assert.notEqual(first, second);
    assert.equal(loop.isComing(first!), true, 'also before its record is written');
    assert.equal(loop.isComing(second!), true);
    assert.equal(loop.isComing('another'), false);
    assert.equal(runs.length, 1);
    gates.shift()!();
    await settle();
    assert.deepEqual(
      runs.map(({ trigger }) => trigger),
      ['start', 'webhook'],
    );
    gates.shift()!();
    await loop.idle();
    assert.equal(most(), 1);
  });

  it('what several requests order is done by the one run that answers them', async () => {
    const seen: unknown[] = [];
    const gates: (() => void)[] = [];
    const loop = createSyncLoop({
      makeId: () => 'x',
      log: silent,
      execute: async (_, __, orders) => {
        seen.push(orders);
        await new Promise<void>((resolve) => gates.push(resolve));
      },
    });
    loop.request('start');
    loop.request('request', { reconcile: true, decision: 'accept' });
    loop.request('webhook');
    loop.request('request', { reconcile: true, decision: 'keep' });
    gates.shift()!();
    await settle();
    gates.shift()!();
    await loop.idle();
    assert.deepEqual(seen, [
      { reconcile: false, decision: null },
      { reconcile: true, decision: 'keep' },
    ]);
  });

  it('drops a scheduled run while another is under way', async () => {
    const { loop, runs, gates } = loopWithGate();
    loop.request('schedule');
    assert.equal(loop.request('schedule'), null);
    gates.shift()!();
    await loop.idle();
    assert.equal(runs.length, 1);
  });

  it('stop tells the current run and waits for it, drops the queued one and refuses more', async () => {
    const { loop, runs, gates } = loopWithGate();
    loop.request('start');
    loop.request('webhook');
    assert.equal(runs[0]?.signal.aborted, false);
    const stopped = loop.stop();
    assert.equal(runs[0].signal.aborted, true);
    assert.equal(loop.request('request'), null);
    gates.shift()!();
    await stopped;
    assert.equal(runs.length, 1);
  });

  it('goes on after a run that broke', async () => {
    const seen: string[] = [];
    const errors: object[] = [];
    const loop = createSyncLoop({
      makeId: () => 'x',
      log: { ...silent, error: (fields) => void errors.push(fields) },
      execute: async (_, trigger) => {
        seen.push(trigger);
        if (seen.length === 1) throw new Error('broken');
      },
    });
    loop.request('start');
    await loop.idle();
    loop.request('request');
    await loop.idle();
    assert.deepEqual(seen, ['start', 'request']);
    assert.equal(errors.length, 1);
  });
});
