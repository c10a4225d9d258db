import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { unitsOf } from '../../scripts/simulate/simulated-window.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { modelVersion, objectKey, predictionId } from '../../src/domain/ids.ts';
import type { Prediction } from '../../src/domain/prediction.ts';
import type { LabelChange } from '../../src/domain/unit.ts';
import { rollingWindow, type WindowName } from '../../src/domain/window.ts';
import type { Store } from '../../src/ports/store.ts';
import { estimateVersions } from '../../src/sync/estimate-versions.ts';
import { times } from '../estimate/made-window.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 2, 10, 14, 30);
const WINDOWS: readonly WindowName[] = ['1h', '1d', '2d', 'all'];

const prediction = (index: number): Prediction => {
  const at = NOW - index * HOUR;
  return {
    id: predictionId(`p-${index}`),
    at,
    recordedAt: at,
    modelVersion: modelVersion('v1'),
    predictedClass: 'egg',
    confidence: 0.8,
    probabilities: null,
    segment: '',
    objectKey: objectKey(`o-${index}`),
    contentDigest: 'digest',
    isLowConfidence: false,
    policyId: 'policy',
    rates: { random: 1, lowConfidence: 0, disputed: 1, spare: 1 },
    source: 'reported',
    externalId: null,
  };
};

describe('the estimates of a version', () => {
  let folder: string;
  let store: Store;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'estimates-'));
    store = await openSqliteStore({ path: join(folder, 'records.db') });
    for (let index = 1; index <= 100; index += 1) await store.recordPrediction(prediction(index));
  });

  after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  const settings = {
    windows: WINDOWS,
    classes: ['egg'],
    segments: [],
    targetAccuracy: 0.8,
    labelSlaMs: HOUR,
    isAnchored: false,
  };

  it('are computed for the windows whose labels changed, and for no other', async () => {
    const windowsAfter = async (...changes: readonly LabelChange[]) =>
      (await estimateVersions(store, settings, NOW, changes)).map(({ window }) => window);
    const v1 = modelVersion('v1');
    assert.deepEqual(await windowsAfter(), []);
    assert.deepEqual(await windowsAfter({ modelVersion: modelVersion('v2'), at: NOW - HOUR }), []);
    assert.deepEqual(await windowsAfter({ modelVersion: v1, at: NOW - 30 * HOUR }), ['2d', 'all']);
    assert.deepEqual(await windowsAfter({ modelVersion: v1, at: NOW - 60 * HOUR }), ['all']);
    assert.deepEqual(await windowsAfter({ modelVersion: v1, at: NOW - 1 }), WINDOWS);
  });

  it('count in each window exactly its own predictions, at whatever hour of a day it begins', async () => {
    const estimates = await estimateVersions(store, settings, NOW);
    const counted = estimates.map(({ window, predictions }) => [window, predictions]);
    const expected = WINDOWS.map((name) => {
      const { from } = rollingWindow(name, NOW, NOW - 100 * HOUR);
      const inside = Array.from({ length: 100 }, (_, index) => NOW - (index + 1) * HOUR);
      return [name, inside.filter((at) => at >= from).length];
    });
    assert.deepEqual(counted, expected);
  });

  it('learn what a confidence is worth from the random part where annotators saw the prediction', async () => {
    const at = NOW - 60 * HOUR;
    const older = [
      ...times(30, { at, pi: 0.5, q: 0.1 }),
      ...times(30, { at, pi: 0.5, q: 0.3, trueClass: 'soup' }),
      ...times(100, { at, decision: { pi: 0.5, q: 0.1, isSelected: true, isRandom: false } }),
    ];
    const labelled = { ...store, units: () => Promise.resolve(unitsOf(older)) };
    const estimates = await estimateVersions(labelled, { ...settings, isAnchored: true }, NOW);
    const labelFree = estimates.find(({ window }) => window === '1d')?.labelFree;
    assert.equal(labelFree?.isCalibrated, true);
    assert.ok(Math.abs(labelFree.value - 0.75) < 1e-9, String(labelFree.value));
  });
});
