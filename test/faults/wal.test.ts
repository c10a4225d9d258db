import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { prediction, recordAndDecide, takeLease } from '../contract/store/fixtures.ts';
import { createChance } from './chance.ts';
import { History } from './history.ts';
import { cutLog } from './wal.ts';

describe('the log of selections, cut at random bytes', function () {
  this.timeout(60_000);

  it('a prediction is decided, counted, listed and put into the outbox, or nothing of it', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'truthloop-selections-'));
    const database = path.join(folder, 'truthloop.sqlite');
    const store = await openSqliteStore({ path: database });
    const bench = { store, fence: await takeLease(store) };
    for (let batch = 0; batch < 12; batch += 1)
      await recordAndDecide(bench, [prediction(`a${batch}`), prediction(`b${batch}`)]);
    await cutLog(database, createChance(1), new History('cuts'));
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });
});
