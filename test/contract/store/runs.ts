import assert from 'node:assert/strict';

import { LeaseLost, StoreUnusable } from '../../../src/domain/errors.ts';
import type { SyncRun } from '../../../src/ports/store/run-store.ts';
import type { Bench } from './fixtures.ts';
import { LEASE, NOON, takeLease } from './fixtures.ts';

const run = (id: string, changes: Partial<SyncRun> = {}): SyncRun => ({
  id,
  startedAt: NOON,
  finishedAt: null,
  trigger: 'schedule',
  result: 'running',
  selected: 0,
  pushed: 0,
  pulled: 0,
  error: null,
  ...changes,
});

/** Runs, leases, fingerprints. */
export function describeRuns(bench: Bench): void {
  describe('runs', () => {
    it('a run is found from its start to its end, the newest first', async () => {
      const { store } = bench;
      await store.saveRun(run('a'));
      await store.saveRun(run('b', { trigger: 'webhook' }));
      const ended = run('a', { finishedAt: NOON + 5, result: 'failure', error: 'why' });
      await store.saveRun(ended);
      assert.deepEqual(await store.findRun('a'), ended);
      assert.equal(await store.findRun('nobody'), null);
      assert.deepEqual(
        (await store.lastRuns(9)).map(({ id }) => id),
        ['b', 'a'],
      );
      assert.equal((await store.lastRuns(1)).length, 1);
    });
  });

  describe('leases', () => {
    it('one holder at a time; its token grows with every change of hands', async () => {
      const { store, fence } = bench;
      assert.equal(await store.acquireLease(LEASE, 'two', NOON + 59_999, 60_000), null);
      const renewed = await store.acquireLease(LEASE, 'one', NOON + 59_999, 60_000);
      assert.deepEqual(renewed, fence);
      assert.equal(await store.acquireLease(LEASE, 'two', NOON + 119_998, 60_000), null);
      const taken = await store.acquireLease(LEASE, 'two', NOON + 119_999, 60_000);
      assert.ok(taken && taken.token > fence.token);
      assert.equal(await store.acquireLease(LEASE, 'one', NOON + 119_999, 60_000), null);
    });

    it('of fifty who ask at once, one gets it', async () => {
      const asked = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          bench.store.acquireLease('other', `holder-${index}`, NOON, 60_000),
        ),
      );
      assert.equal(asked.filter((fence) => fence !== null).length, 1);
    });

    it('a released lease is free at once, and what was released writes no more', async () => {
      const { store, fence } = bench;
      await store.releaseLease(fence);
      await assert.rejects(store.setProjectId('random', 1, fence), LeaseLost);
      const next = await takeLease(store, 'two');
      assert.ok(next.token > fence.token);
      await store.releaseLease(fence);
      await store.setProjectId('random', 1, next);
      assert.equal(await store.projectId('random'), 1);
    });

    it('a lease and its token outlive a restart', async () => {
      const { fence } = bench;
      bench.store = await bench.opened.restart();
      assert.equal(await bench.store.acquireLease(LEASE, 'two', NOON, 60_000), null);
      await bench.store.setProjectId('random', 1, fence);
    });

    it('leases of other names do not touch each other', async () => {
      const { store, fence } = bench;
      assert.ok(await store.acquireLease('other', 'two', NOON, 60_000));
      await store.setProjectId('random', 1, fence);
    });
  });

  describe('fingerprints', () => {
    it('the first is remembered, the same passes, another is refused', async () => {
      await bench.store.holdFingerprint('sampling key', 'abc');
      await bench.store.holdFingerprint('sampling key', 'abc');
      await bench.store.holdFingerprint('another', 'xyz');
      bench.store = await bench.opened.restart();
      await bench.store.holdFingerprint('sampling key', 'abc');
      await assert.rejects(bench.store.holdFingerprint('sampling key', 'abd'), StoreUnusable);
    });
  });

  describe('life', () => {
    it('answers a ping while it is open, and refuses once it is closed', async () => {
      const { store } = bench;
      await store.ping();
      await store.close();
      await store.close();
      await assert.rejects(store.ping(), { code: 'STORE_UNAVAILABLE' });
      await assert.rejects(store.lastRuns(1), { code: 'STORE_UNAVAILABLE' });
    });
  });
}
