import assert from 'node:assert/strict';

import {
  type CopiedKey,
  copyRecords,
  restoreRecords,
} from '../../../src/adapters/redis/copy-records.ts';
import { openRedisStore } from '../../../src/adapters/redis/open-redis-store.ts';
import { StoreUnusable } from '../../../src/domain/errors.ts';
import { modelVersion } from '../../../src/domain/ids.ts';
import type { Store } from '../../../src/ports/store.ts';
import { DAY, NOON, pid, prediction, V1 } from '../../contract/store/fixtures.ts';
import { startRedis } from '../../servers/redis.ts';
import type { Server } from '../../servers/server.ts';

describe('a copy of the records in Redis', function () {
  this.timeout(120_000);
  let from: Server;
  let to: Server;
  let store: Store;
  before(async () => {
    [from, to] = await Promise.all([startRedis(), startRedis()]);
    store = await openRedisStore({ url: from.url });
  });
  after(async () => {
    await store.close();
    await Promise.all([from.stop(), to.stop()]);
  });

  async function* pages(copies: readonly CopiedKey[]): AsyncGenerator<readonly CopiedKey[]> {
    yield await Promise.resolve(copies);
  }

  it('shows one moment, whatever is written and deleted meanwhile', async () => {
    const record = (index: number): Promise<unknown> =>
      store.recordPrediction(prediction(`p${String(index).padStart(6, '0')}`));
    // A hundred at once: thousands in one queue would outwait a user's patience on a slow machine.
    for (let start = 0; start < 3000; start += 100)
      await Promise.all(Array.from({ length: 100 }, (_, index) => record(start + index)));
    const second = modelVersion('second');
    const answer = { modelVersion: second, predictedClass: 'Rice', confidence: 0.5, at: NOON };
    await store.recordShadowAnswer({ id: pid('p000007'), ...answer }, DAY);
    let acknowledged = 3000;
    const traffic = { isOver: false };
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let index = 0; !traffic.isOver; index += 1) {
        await record(10_000 + writer * 100_000 + index);
        acknowledged += 1;
      }
    });
    const copies: CopiedKey[] = [];
    let pagesSeen = 0;
    const atStart = acknowledged;
    await copyRecords(from.url, (page) => {
      copies.push(...page);
      pagesSeen += 1;
      // The copy lasts while others write: each page waits for some of them.
      const target = acknowledged + (pagesSeen < 20 ? 20 : 0);
      return until(() => acknowledged >= target);
    });
    traffic.isOver = true;
    await Promise.all(writers);
    assert.ok(acknowledged > atStart + 50, 'there was traffic');
    await restoreRecords(to.url, pages(copies), false);
    const restored = await openRedisStore({ url: to.url });
    const [arrivals] = await restored.arrivals(NOON, NOON + 1);
    const candidates = await restored.candidates(NOON + 1);
    const there = candidates.length;
    assert.deepEqual(
      candidates.flatMap(({ predictionId, disputedBy }) =>
        disputedBy === null ? [] : [[predictionId, disputedBy]],
      ),
      [['p000007', 'model']],
    );
    const pair = { served: V1, other: second };
    assert.deepEqual(await restored.pairCounts(pair, NOON, NOON + 1), { answered: 1, differ: 1 });
    assert.deepEqual((await restored.findPrediction(pid('p000007')))?.shadowAnswer, answer);
    assert.equal((arrivals?.byPattern[0] ?? 0) + 1, there, 'counted as often as recorded');
    assert.ok(there >= atStart && there <= acknowledged);
    await restored.recordPrediction(prediction('afterwards'));
    await restored.close();
    await assert.rejects(restoreRecords(to.url, pages(copies), false), StoreUnusable);
    await restoreRecords(to.url, pages(copies), true);
    const again = await openRedisStore({ url: to.url });
    assert.equal((await again.candidates(NOON + 1)).length, there);
    await again.close();
  });
});

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
