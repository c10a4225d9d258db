import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';

import { openDiskObjects } from '../../src/adapters/disk/open-disk-objects.ts';
import { createLabelStudio } from '../../src/adapters/label-studio/create-label-studio.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { makeSecret, SECRET_NAMES } from '../../src/config/secrets.ts';
import type { Notice } from '../../src/domain/notice.ts';
import type { Store } from '../../src/ports/store.ts';
import type { SyncSteps } from '../../src/sync/run-sync.ts';
import { createImageLinks } from '../../src/web/image-links.ts';
import { createSyncSteps } from '../../src/wire/sync-steps.ts';
import { silentLog } from '../adapters/onnx/tiny-model.ts';
import { NOON, prediction, recordAndDecide, takeLease, V1 } from '../contract/store/fixtures.ts';
import { aComparison } from '../expose/a-comparison.ts';
import { type CountingMeter, createCountingMeter } from '../fakes/counting-meter.ts';
import { temporaryFolder } from '../servers/server.ts';

const NOTICE: Notice = {
  event: 'schedule',
  state: 'pending',
  ...{ id: 'n1', modelVersion: V1, madeAt: NOON, body: '{}' },
  ...{ attempts: 1, notBefore: NOON, lastError: 'planted', isOpen: true },
};

describe('the gauges of two sync processes over the same records', () => {
  let folder: string;
  let store: Store;
  beforeEach(async () => {
    folder = temporaryFolder('sync-steps');
    store = await openSqliteStore({ path: path.join(folder, 'records.sqlite') });
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function processWith(
    settings: Readonly<Record<string, string>>,
  ): Promise<{ readonly steps: SyncSteps; readonly meter: CountingMeter }> {
    const config = parseConfig({
      ...Object.fromEntries(SECRET_NAMES.map((name) => [name, makeSecret(name)])),
      DATA_DIR: folder,
      ...settings,
    });
    const meter = createCountingMeter();
    const around = { clock: { now: () => NOON }, random: systemRandom, meter };
    const url = 'http://127.0.0.1:1';
    const steps = createSyncSteps(
      config,
      {
        classes: ['Soup', 'Rice'],
        lowConfidenceThreshold: () => 0.7,
        ...{ model: null, shadow: null, offline: [], examples: { pictures: [], faults: [] } },
      },
      {
        store,
        objects: await openDiskObjects({ dir: path.join(folder, 'objects') }),
        close: () => Promise.resolve(),
      },
      createImageLinks({ publicUrl: url, keys: ['a-key'], days: 1 }),
      createLabelStudio({ baseUrl: url, publicUrl: url, token: 'token', ...around }),
      { ...around, log: silentLog, build: { version: '0', revision: '0' } },
    );
    return { steps, meter };
  }

  it('agree: each shows what the other one found', async () => {
    const settings = { WINDOWS: '1d,7d', RETRAIN_WEBHOOK_URL: 'http://127.0.0.1:1' };
    const working = await processWith(settings);
    const idle = await processWith(settings);
    const fence = await takeLease(store);
    await recordAndDecide({ store, fence }, [prediction('p1', { at: NOON - 1 })]);
    await store.saveNotice(NOTICE, fence);
    await working.steps.estimate(NOON, fence, null);
    await store.saveFinding('comparisons', [aComparison()], fence);
    await idle.steps.expose(NOON);
    const shown = (name: string, window = '7d', version = 'v1') =>
      idle.meter.value(name, { model_version: version, window });
    assert.equal(shown('truthloop_window_predictions'), 1);
    assert.equal(shown('truthloop_estimate_timestamp_seconds', '1d'), NOON / 1000);
    assert.equal(
      idle.meter.value('truthloop_versions_differ_predictions', {
        ...{ model_version: 'v2', baseline_version: 'v1', window: '7d' },
      }),
      aComparison().differ,
    );
    assert.equal(idle.meter.value('truthloop_retrain_notices_pending'), 1);
    await working.steps.expose(NOON);
    assert.deepEqual(working.meter.values, idle.meter.values);
  });

  it('leave out windows that are not set any more', async () => {
    const before = await processWith({ WINDOWS: '1d,7d' });
    const after = await processWith({ WINDOWS: '1d' });
    const fence = await takeLease(store);
    await recordAndDecide({ store, fence }, [prediction('p1', { at: NOON - 1 })]);
    await before.steps.estimate(NOON, fence, null);
    await store.saveFinding('comparisons', [aComparison()], fence);
    await after.steps.expose(NOON);
    const windows = [...after.meter.values.keys()].flatMap((key) => /window=\w+/.exec(key) ?? []);
    assert.deepEqual([...new Set(windows)], ['window=1d']);
  });
});
