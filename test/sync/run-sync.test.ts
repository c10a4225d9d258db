import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { unmetered } from '../../scripts/records/unmetered.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { StoreUnavailable } from '../../src/domain/errors.ts';
import type { LabelChange } from '../../src/domain/unit.ts';
import type { Store } from '../../src/ports/store.ts';
import { createRunSync, type SyncSteps } from '../../src/sync/run-sync.ts';
import { NO_ORDERS } from '../../src/sync/sync-loop.ts';
import { NOON } from '../contract/store/fixtures.ts';

const silent = { error() {}, warn() {}, info() {}, debug() {} };

describe('a sync run', () => {
  let folder: string;
  let store: Store;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'truthloop-run-'));
    store = await openSqliteStore({ path: path.join(folder, 'records.sqlite') });
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('what was decided before a selection failed is in the next estimates', async () => {
    const estimated: (readonly LabelChange[] | null)[] = [];
    let select: SyncSteps['select'] = () => Promise.resolve({ decided: 0, selected: 0 });
    const steps: SyncSteps = {
      select: (...given) => select(...given),
      push: () => Promise.resolve(0),
      pull: () => Promise.resolve([]),
      reconcile: () => Promise.resolve(),
      hasLostProject: () => false,
      estimate: (_now, _fence, changes) => Promise.resolve(void estimated.push(changes)),
      keepHouse: () => Promise.resolve(),
      retrain: null,
      expose: () => Promise.resolve(),
    };
    let now = NOON;
    const run = createRunSync({
      ...{ steps, runs: store, holder: 'one', clock: { now: () => now } },
      ...{ meter: unmetered, log: silent },
    });
    await run('start', 'schedule', NO_ORDERS);
    now += 60_000;
    await run('quiet', 'schedule', NO_ORDERS);
    assert.deepEqual(estimated, [null], 'the hour’s own, then nothing to do');

    select = () => Promise.reject(new StoreUnavailable('gone after the first part'));
    now += 60_000;
    await run('failing', 'schedule', NO_ORDERS);
    assert.deepEqual(estimated, [null, null]);
  });
});
