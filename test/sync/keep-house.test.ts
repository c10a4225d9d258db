import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, utimesSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { openDiskObjects } from '../../src/adapters/disk/open-disk-objects.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { ObjectStoreUnavailable } from '../../src/domain/errors.ts';
import { type ObjectKey, objectKey } from '../../src/domain/ids.ts';
import type { ObjectStore } from '../../src/ports/object-store.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Fence } from '../../src/ports/store/fence.ts';
import { estimateVersions } from '../../src/sync/estimate-versions.ts';
import { createKeepHouse } from '../../src/sync/keep-house.ts';
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

  /** @param clock says how long the images have been looked at */
  const housekeeper = (clock = { now: () => NOON }): ReturnType<typeof createKeepHouse> =>
    createKeepHouse(
      { store, objects, clock, log: silent },
      { windows: WINDOWS, retentionMs: 90 * DAY },
    );

  const keep = (now: number, signal = new AbortController().signal): Promise<void> =>
    housekeeper()(now, fence, signal);

  /** @returns aborted as soon as an image is deleted */
  function abortedByDelete(): AbortSignal {
    const aborted = new AbortController();
    const all = objects;
    objects = {
      ...all,
      delete: async (key) => {
        await all.delete(key);
        aborted.abort();
      },
    };
    return aborted.signal;
  }

  async function imagesLeft(): Promise<readonly ObjectKey[]> {
    const keys: ObjectKey[] = [];
    for await (const { key } of objects.list()) keys.push(key);
    return keys;
  }

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

  it('looks at images for a while, and goes on where it stopped', async () => {
    const kept = ['a', 'b', 'c', 'd', 'e', 'f'].map((id) => prediction(id));
    await recordAndDecide({ store, fence }, kept);
    const orphan = objectKey('images/orphan.jpg');
    await objects.put(orphan, Buffer.from('picture'));
    const keys = [...kept.map((item) => item.objectKey), orphan];
    objects = {
      ...objects,
      async *list() {
        yield* keys.map((key) => ({ key, writtenAt: LONG_AGO.getTime() }));
      },
    };
    let time = NOON;
    const keepOn = housekeeper({ now: () => (time += 5000) });
    const rounds = async (count: number): Promise<void> => {
      for (let round = 0; round < count; round += 1)
        await keepOn(NOON, fence, new AbortController().signal);
    };
    await rounds(1);
    assert.ok(await objects.has(orphan), 'not all at once');
    await rounds(3);
    assert.ok(!(await objects.has(orphan)));
    await objects.put(orphan, Buffer.from('picture'));
    await rounds(4);
    assert.ok(!(await objects.has(orphan)), 'looks at all of them again');
  });

  it('begins anew after the images could not be listed', async () => {
    const orphan = objectKey('images/orphan.jpg');
    await objects.put(orphan, Buffer.from('picture'));
    await makeOld();
    const all = objects;
    let calls = 0;
    objects = { ...all, list: () => ((calls += 1) === 1 ? brokenList() : all.list()) };
    const keepOn = housekeeper();
    const { signal } = new AbortController();
    await assert.rejects(keepOn(Date.now(), fence, signal), /planted/);
    await keepOn(Date.now(), fence, signal);
    assert.ok(!(await objects.has(orphan)));
  });

  it('ends early between two images when it is to, and sweeps the others another time', async () => {
    for (const id of ['one', 'two', 'three'])
      await objects.put(objectKey(`images/${id}.jpg`), Buffer.from('picture'));
    await makeOld();
    await keep(Date.now(), abortedByDelete());
    assert.equal((await imagesLeft()).length, 2);
    await keep(Date.now());
    assert.equal((await imagesLeft()).length, 0);
  });

  it('ends early between what is forgotten, and images of what is forgotten go another time', async () => {
    const items = ['one', 'two', 'three'].map((id) => prediction(id));
    for (const { objectKey: key } of items) await objects.put(key, Buffer.from('picture'));
    await recordAndDecide({ store, fence }, items, () => ({ isSelected: false }));
    const later = NOON + 91 * DAY;
    await keep(later, abortedByDelete());
    assert.equal((await imagesLeft()).length, 2);
    await makeOld();
    await keep(later);
    assert.equal((await imagesLeft()).length, 0);
  });
});

async function* brokenList(): AsyncGenerator<never> {
  yield* [];
  throw new ObjectStoreUnavailable('planted');
}
