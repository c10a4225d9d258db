import assert from 'node:assert/strict';

import { LeaseLost } from '../../../src/domain/errors.ts';
import type { Notice } from '../../../src/domain/notice.ts';
import type { Bench } from './fixtures.ts';
import { NOON, takeLease, V1 } from './fixtures.ts';

const notice = (id: string, changes: Partial<Notice> = {}): Notice => ({
  ...{ id, event: 'schedule', modelVersion: V1, madeAt: NOON, body: '{"a":"ü"}' },
  ...{ state: 'pending', attempts: 0, notBefore: NOON, lastError: null, isOpen: true },
  ...changes,
});

/** What the retraining service is told. */
export function describeNotices(bench: Bench): void {
  describe('notices', () => {
    it('are kept over a restart, oldest first, each once under its id', async () => {
      const { store, fence, opened } = bench;
      assert.deepEqual(await store.notices(), []);
      const [first, second] = [notice('one'), notice('two', { madeAt: NOON + 1 })];
      await store.saveNotice(first, fence);
      await store.saveNotice(second, fence);
      const sent = { ...first, state: 'delivered', attempts: 2 } as const;
      await store.saveNotice(sent, fence);
      bench.store = await opened.restart();
      assert.deepEqual(await bench.store.notices(), [sent, second]);
    });

    it('are written by the holder of the lease alone', async () => {
      const { store, fence } = bench;
      await store.releaseLease(fence);
      await takeLease(store, 'two');
      await assert.rejects(store.saveNotice(notice('one'), fence), LeaseLost);
      assert.deepEqual(await store.notices(), []);
    });
  });
}
