import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import sharp from 'sharp';

import { findImages } from '../../scripts/audit/find-images.ts';
import { summarise } from '../../scripts/audit/read-log.ts';
import { recordAndSelect } from '../../scripts/audit/record-log.ts';
import { openDiskObjects } from '../../src/adapters/disk/open-disk-objects.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { createLog } from '../../src/adapters/system/create-log.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import { makeSecret, SECRET_NAMES } from '../../src/config/secrets.ts';
import { dayOf } from '../../src/domain/window.ts';
import type { Store } from '../../src/ports/store.ts';
import { DECISIONS_MAX } from '../../src/select/split-batch.ts';

const STARTED_AT = Date.UTC(2026, 10, 25, 12);
const ROWS = DECISIONS_MAX + 200;
const BUDGET = 10;

describe('recording the log of an audit', () => {
  let folder: string;
  let store: Store;
  beforeEach(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-record-log-'));
    store = await openSqliteStore({ path: path.join(folder, 'records.sqlite') });
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('one that was cut off while it drew goes on and draws the rest, within the same budget', async () => {
    const run = await prepare();
    let commits = 0;
    const commitBatch: Store['commitBatch'] = (...given) => {
      commits += 1;
      return commits === 1 ? store.commitBatch(...given) : Promise.reject(new Error('cut off'));
    };
    await assert.rejects(run({ ...store, commitBatch }), /cut off/);
    const drawn = await store.selectedOnDay(dayOf(STARTED_AT));
    assert.ok(drawn > 0, 'a part was drawn');
    assert.equal((await store.candidates(STARTED_AT + 1)).length, ROWS - DECISIONS_MAX);

    await run(store);
    assert.equal((await store.candidates(STARTED_AT + 1)).length, 0);
    const all = await store.selectedOnDay(dayOf(STARTED_AT));
    assert.ok(all >= drawn && all <= BUDGET, `${all} of ${BUDGET}, ${drawn} of them before`);
    const [arrivals] = await store.arrivals(0, Number.MAX_SAFE_INTEGER);
    assert.deepEqual(arrivals?.byPattern, [ROWS, 0, 0, 0]);
  });

  /** @returns records and selects, by a store that may fail */
  async function prepare(): Promise<(store: Store) => Promise<unknown>> {
    const file = path.join(folder, 'log.csv');
    const rows = Array.from({ length: ROWS }, (_, index) => `a,cat,0.${100 + (index % 900)}`);
    writeFileSync(file, ['image,class,confidence', ...rows].join('\n'));
    mkdirSync(path.join(folder, 'images'));
    const picture = { width: 64, height: 64, channels: 3, background: 'teal' } as const;
    await sharp({ create: picture }).jpeg().toFile(path.join(folder, 'images/a.jpg'));
    const images = await findImages(path.join(folder, 'images'));
    const log = { file, named: {}, classes: ['cat', 'dog'], version: 'm', time: STARTED_AT - 1000 };
    const summary = await summarise(log, images, STARTED_AT);
    const objects = await openDiskObjects({ dir: path.join(folder, 'objects') });
    const secrets = Object.fromEntries(SECRET_NAMES.map((name) => [name, makeSecret(name)]));
    const config = parseConfig(secrets);
    const plan = {
      ...{ digest: summary.digest, budget: BUDGET, classes: summary.classes },
      ...{ predictions: ROWS, missingImages: 0, startedAt: STARTED_AT },
    };
    return (opened) =>
      recordAndSelect(
        {
          ...{ folder, plan, config, log, images },
          records: { store: opened, objects, close: () => Promise.resolve() },
        },
        summary,
        createLog('silent'),
      );
  }
});
