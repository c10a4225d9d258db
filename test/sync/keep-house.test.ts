import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { openDiskObjects } from '../../src/adapters/disk/open-disk-objects.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { objectKey } from '../../src/domain/ids.ts';
import type { ObjectStore } from '../../src/ports/object-store.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Fence } from '../../src/ports/store/fence.ts';
import { estimateVersions } from '../../src/sync/estimate-versions.ts';
import { keepHouse } from '../../src/sync/keep-house.ts';
import { DAY, NOON, prediction, recordAndDecide, takeLease } from '../contract/store/fixtures.ts';

const silent = { error() {}, warn() {}, info() {}, debug() {} };
const WINDOWS = ['1d', '30d', 'all'] as const;
const LONG_AGO = new Date(NOON - 400 * DAY);

describe('keeping house', () => {
  let folder: string;
  let store: Store;
  let objects: ObjectStore;
  let fence: Fence;

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'truthloop-house-'));
    store = await openSqliteStore({ path: path.join(folder, 'records.sqlite') });
    objects = await openDiskObjects({ dir: path.join(folder, 'objects') });
    fence = await takeLease(store);
  });

  afterEach(async () => {
    await store.close();
    await objects.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const keep = (now: number): Promise<void> =>
    keepHouse(
      { store, objects, log: silent },
      { windows: WINDOWS, retentionMs: 90 * DAY },
      now,
      fence,
    );

  const estimates = async (now: number): Promise<unknown> =>
    estimateVersions(
      store,
      {
        windows: WINDOWS,
        classes: ['Soup', 'Rice'],
        segments: [],
        targetAccuracy: 0.8,
        labelSlaMs: 7 * DAY,
        isAnchored: false,
      },
      now,
    );

  async function makeOld(): Promise<void> {
    const dir = path.join(folder, 'objects');
    for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) utimesSync(path.join(entry.parentPath, entry.name), LONG_AGO, LONG_AGO);
    }
  }

  it('forgets what nobody selected after its retention, with no estimate changing', async () => {
    const items = ['kept', 'gone'].map((id) => prediction(id));
    for (const { objectKey: key } of items) await objects.put(key, Buffer.from('picture'));
    await recordAndDecide({ store, fence }, items, ({ predictionId }) => ({
      isSelected: predictionId === 'kept',
    }));
    const later = NOON + 91 * DAY;
    const before = await estimates(later);
    await keep(later);
    assert.equal(await objects.get(items[1]!.objectKey), null);
    assert.ok(await objects.get(items[0]!.objectKey));
    assert.equal(await store.findPrediction(items[1]!.id), null);
    assert.deepEqual(await estimates(later), before);
  });

  it('keeps what is younger than its retention', async () => {
    const item = prediction('young');
    await objects.put(item.objectKey, Buffer.from('picture'));
    await recordAndDecide({ store, fence }, [item], () => ({ isSelected: false }));
    await keep(NOON + 80 * DAY);
    assert.ok(await objects.get(item.objectKey));
  });

  it('sweeps an image without a record once it is an hour old, and no younger one', async () => {
    const [old, fresh] = [objectKey('images/orphan-old.jpg'), objectKey('images/orphan-new.jpg')];
    await objects.put(old, Buffer.from('picture'));
    await makeOld();
    await objects.put(fresh, Buffer.from('picture'));
    await keep(Date.now());
    assert.equal(await objects.get(old), null);
    assert.ok(await objects.get(fresh));
  });
});
