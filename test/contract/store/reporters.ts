import assert from 'node:assert/strict';

import type { Reporter } from '../../../src/domain/reporter.ts';
import type { Bench } from './fixtures.ts';
import { NOON } from './fixtures.ts';

const reporter = (name: string): Reporter => ({ name, keyDigest: `digest-${name}`, madeAt: NOON });

/** Services that report with a key of their own. */
export function describeReporters(bench: Bench): void {
  describe('reporters', () => {
    it('are there until they are removed, a restart included, in the order of their names', async () => {
      assert.deepEqual(await bench.store.reporters(), []);
      for (const name of ['checkout', 'app', 'ü']) await bench.store.addReporter(reporter(name));
      bench.store = await bench.opened.restart();
      assert.equal(await bench.store.removeReporter('app'), true);
      assert.equal(await bench.store.removeReporter('app'), false);
      assert.deepEqual(await bench.store.reporters(), [reporter('checkout'), reporter('ü')]);
    });

    it('of two who take a name at once, one gets it', async () => {
      const taken = await Promise.all([
        bench.store.addReporter(reporter('app')),
        bench.store.addReporter({ ...reporter('app'), keyDigest: 'another' }),
      ]);
      assert.equal(taken.filter(Boolean).length, 1);
      assert.equal((await bench.store.reporters()).length, 1);
    });
  });
}
