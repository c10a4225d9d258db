import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';

import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { LeaseLost, StoreUnavailable } from '../../src/domain/errors.ts';
import type { LabelChange } from '../../src/domain/unit.ts';
import type { Store } from '../../src/ports/store.ts';
import { createRunSync, type SyncSteps } from '../../src/sync/run-sync.ts';
import { NO_ORDERS, type Orders, type Trigger } from '../../src/sync/sync-loop.ts';
import { silentLog } from '../adapters/onnx/tiny-model.ts';
import { NOON, takeLease, V1 } from '../contract/store/fixtures.ts';
import { createCountingMeter } from '../fakes/counting-meter.ts';
import { temporaryFolder } from '../servers/server.ts';

describe('a sync run', () => {
  let folder: string;
  let store: Store;
  let stopping: AbortController;
  beforeEach(async () => {
    stopping = new AbortController();
    folder = temporaryFolder('run-sync');
    store = await openSqliteStore({ path: path.join(folder, 'records.sqlite') });
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs of one process whose steps do nothing but what the test is about. @returns executes one, under the next id */
  function runsWith(
    steps: Partial<SyncSteps>,
  ): (trigger?: Trigger, orders?: Orders) => Promise<string> {
    const nothing = (): Promise<void> => Promise.resolve();
    const execute = createRunSync({
      steps: {
        select: () => Promise.resolve({ decided: 0, selected: 0 }),
        push: () => Promise.resolve(0),
        pull: () => Promise.resolve([]),
        ...{ reconcile: nothing, estimate: nothing, keepHouse: nothing, expose: nothing },
        hasLostProject: () => false,
        retrain: null,
        ...steps,
      },
      runs: store,
      holder: 'this process',
      clock: { now: () => NOON },
      meter: createCountingMeter(),
      log: silentLog,
    });
    let runs = 0;
    return async (trigger = 'schedule', orders = NO_ORDERS) => {
      const id = `run-${++runs}`;
      await execute(id, trigger, orders, stopping.signal);
      return id;
    };
  }

  it('shows what the records hold also when another process has the turn', async () => {
    let shown = 0;
    const run = runsWith({ expose: async () => void (shown += 1) });
    await takeLease(store, 'another process');
    assert.equal((await store.findRun(await run()))?.result, 'success');
    assert.equal(shown, 1);
  });

  it('fails when it could not show them, whoever has the turn', async () => {
    const run = runsWith({ expose: () => Promise.reject(new StoreUnavailable('planted')) });
    const results = async () => {
      const { result, error } = (await store.findRun(await run())) ?? {};
      return { result, error };
    };
    assert.deepEqual(await results(), { result: 'failure', error: 'planted' });
    await takeLease(store, 'another process');
    assert.deepEqual(await results(), { result: 'failure', error: 'planted' });
  });

  it('ends the keeping of the house early once it is to', async () => {
    let isTold = false;
    const run = runsWith({
      keepHouse: async (_now, _fence, signal) => {
        stopping.abort();
        isTold = signal.aborted;
      },
    });
    await run();
    assert.ok(isTold);
  });

  describe('computes what is due', () => {
    const CHANGES = [{ modelVersion: V1, at: NOON }];
    /** What was to be computed, run by run; null: everything. */
    let asked: (readonly LabelChange[] | null)[];
    /** Steps in the order of the runs; those that are left out find nothing. */
    let pulls: (readonly LabelChange[])[];
    let selections: Error[];
    let reconciles: Error[];
    let estimates: Error[];
    let run: ReturnType<typeof runsWith>;
    beforeEach(async () => {
      [asked, pulls, selections] = [[], [], []];
      [reconciles, estimates] = [[], []];
      run = runsWith({
        select: async () => {
          failIf(selections.shift());
          return { decided: 0, selected: 0 };
        },
        pull: async () => pulls.shift() ?? [],
        reconcile: async () => {
          failIf(reconciles.shift());
        },
        hasLostProject: () => reconciles.length > 0,
        estimate: async (_now, _fence, changes) => {
          asked.push(changes);
          failIf(estimates.shift());
        },
      });
      await run('start');
      assert.deepEqual(asked.splice(0), [null]);
    });
    const failIf = (error: Error | undefined): void => {
      if (error !== undefined) throw error;
    };

    it('everything after a selection failed, whose first parts may be stored', async () => {
      selections = [new StoreUnavailable('gone after the first part')];
      await run();
      await run();
      assert.deepEqual(asked, [null]);
    });

    it('again after it failed, although nothing new was pulled', async () => {
      pulls = [CHANGES];
      estimates = [new StoreUnavailable('planted')];
      const failed = await store.findRun(await run());
      assert.deepEqual([failed?.result, failed?.pulled], ['failure', 1]);
      await run();
      await run();
      assert.deepEqual(asked, [CHANGES, CHANGES]);
    });

    it('also when the turn was lost between the labels and the estimates', async () => {
      pulls = [CHANGES];
      reconciles = [new LeaseLost('planted')];
      await run();
      await run();
      assert.deepEqual(asked, [CHANGES]);
    });

    it('everything again after what was mended could not be computed', async () => {
      estimates = [new StoreUnavailable('planted')];
      await run('schedule', { reconcile: true, decision: null });
      await run();
      await run();
      assert.deepEqual(asked, [null, null]);
    });
  });
});
