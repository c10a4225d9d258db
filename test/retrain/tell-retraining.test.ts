import assert from 'node:assert/strict';

import type { AccuracyEstimate } from '../../src/domain/estimate.ts';
import { modelVersion } from '../../src/domain/ids.ts';
import type { Notice } from '../../src/domain/notice.ts';
import type { Delivery } from '../../src/ports/notice-sender.ts';
import type { RetrainSettings } from '../../src/retrain/due-notices.ts';
import { tellRetraining } from '../../src/retrain/tell-retraining.ts';
import { createCountingMeter } from '../fakes/counting-meter.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const DAY = 86_400_000;
const V1 = modelVersion('v1');
const FENCE = { lease: 'sync', token: 1 };
const SETTINGS: RetrainSettings = {
  ...{ targetAccuracy: 0.8, everyDays: 0, publicUrl: 'https://photos.example.org', window: '30d' },
  windows: ['7d', '30d'],
};
const ESTIMATE = {
  ...{ modelVersion: V1, window: '30d', asOf: NOW },
  ...{ accuracy: 0.61, lower: 0.52, upper: 0.69, labels: 120 },
} as unknown as AccuracyEstimate;

/** A store in memory and a receiver that answers as it is told. */
function createBench(firstAt = NOW - 3 * DAY) {
  const notices = new Map<string, Notice>();
  const sent: { id: string; body: string; at: number }[] = [];
  const meter = createCountingMeter();
  const bench = {
    sent,
    meter,
    evalue: null as number | null,
    answer: { kind: 'delivered' } as Delivery,
    lastAt: NOW,
    estimates: [ESTIMATE],
    kept: (): Notice[] => [...notices.values()],
    run: (now: number, settings: Partial<RetrainSettings> = {}) =>
      tellRetraining(deps, { ...SETTINGS, ...settings }, now, FENCE),
  };
  let ids = 0;
  const nothing = (): void => undefined;
  const deps: Parameters<typeof tellRetraining>[0] = {
    store: {
      notices: async () => bench.kept(),
      saveNotice: async (notice) => void notices.set(notice.id, notice),
      modelVersions: async () => [{ modelVersion: V1, firstAt, lastAt: bench.lastAt }],
      latestEstimates: async () =>
        bench.estimates.map((estimate) => ({ ...estimate, evalue: bench.evalue })),
    },
    sender: {
      send: async ({ id, body }, at) => {
        sent.push({ id, body, at });
        return bench.answer;
      },
    },
    random: { id: () => `id-${(ids += 1)}`, uniform: () => 0.5 },
    meter,
    log: { error: nothing, warn: nothing, info: nothing, debug: nothing },
  };
  return bench;
}

describe('telling the retraining service', () => {
  it('happens once when the evidence reaches the alarm, with the address of the labels', async () => {
    const bench = createBench();
    bench.evalue = 19.9;
    await bench.run(NOW);
    assert.equal(bench.sent.length, 0);
    bench.evalue = 20;
    await bench.run(NOW);
    bench.evalue = 500;
    await bench.run(NOW + 60_000);
    assert.equal(bench.sent.length, 1);
    const { type, data } = JSON.parse(bench.sent[0]?.body ?? '') as {
      type: string;
      data: Record<string, unknown>;
    };
    assert.equal(type, 'retraining.accuracy_below_target');
    assert.deepEqual(data, {
      ...{ model_version: 'v1', target_accuracy: 0.8, evalue: 20 },
      ...{ accuracy: 0.61, lower: 0.52, upper: 0.69, labels: 120, window: '30d' },
      dataset_url: 'https://photos.example.org/api/dataset?window=30d',
      dataset_command: 'npm run export -- dataset --window 30d --out DIR',
    });
    const delivered = { event: 'accuracy_below_target', result: 'delivered' };
    assert.equal(bench.meter.value('truthloop_retrain_notices_total', delivered), 1);
  });

  it('tells no accuracy of a window that is not set any more', async () => {
    const bench = createBench();
    bench.evalue = 20;
    const frozen = { ...ESTIMATE, asOf: NOW - 90 * DAY, accuracy: 0.95 };
    bench.estimates = [{ ...ESTIMATE, window: '14d' }, frozen];
    await bench.run(NOW, { windows: ['14d'] });
    const { data } = JSON.parse(bench.sent[0]?.body ?? '') as { data: Record<string, unknown> };
    assert.deepEqual([data['window'], data['accuracy']], ['14d', 0.61]);
  });

  it('happens again only after the evidence was gone', async () => {
    const bench = createBench();
    for (const [index, evalue] of [25, 5, 25, 0.5, 25].entries()) {
      bench.evalue = evalue;
      await bench.run(NOW + index);
    }
    assert.equal(bench.sent.length, 2);
    assert.notEqual(bench.sent[0]?.id, bench.sent[1]?.id);
  });

  it('goes by schedule from the first prediction on, whatever the evidence', async () => {
    const bench = createBench(NOW - 6 * DAY);
    const weekly = { everyDays: 7 };
    await bench.run(NOW, weekly);
    assert.equal(bench.sent.length, 0);
    for (const days of [1, 1.5, 7.9, 8, 9]) {
      bench.lastAt = NOW + days * DAY;
      await bench.run(NOW + days * DAY, weekly);
    }
    assert.deepEqual(
      bench.sent.map(({ at, body }) => [
        (at - NOW) / DAY,
        (JSON.parse(body) as { type: string }).type,
      ]),
      [
        [1, 'retraining.due'],
        [8, 'retraining.due'],
      ],
    );
  });

  it('is tried again under the same id and with the same body, later and later, then given up', async () => {
    const bench = createBench();
    bench.evalue = 30;
    bench.answer = { kind: 'failed', why: 'the receiver answered 500', retryAfterMs: null };
    await bench.run(NOW);
    await bench.run(NOW + 1000);
    assert.equal(bench.sent.length, 1, 'not before its pause is over');
    assert.equal(bench.kept()[0]?.notBefore, NOW + 5500, 'five seconds and half of the jitter');
    for (
      let now = NOW;
      bench.kept()[0]?.state === 'pending';
      now = bench.kept()[0]?.notBefore ?? now
    )
      await bench.run(now);
    assert.equal(bench.sent.length, 10);
    assert.equal(new Set(bench.sent.map(({ id, body }) => id + body)).size, 1);
    assert.equal(bench.kept()[0]?.state, 'given_up');
  });

  it('waits as long as the receiver asks, and stops when it wants no more', async () => {
    const bench = createBench();
    bench.evalue = 30;
    bench.answer = { kind: 'failed', why: '429', retryAfterMs: 3_600_000 };
    await bench.run(NOW);
    assert.equal(bench.kept()[0]?.notBefore, NOW + 3_600_000);
    bench.answer = { kind: 'refused', why: '410' };
    await bench.run(NOW + 3_600_000);
    assert.equal(bench.kept()[0]?.state, 'given_up');
  });

  it('does not speak of versions that answer no more', async () => {
    const bench = createBench();
    bench.evalue = 30;
    bench.lastAt = NOW - 2 * DAY;
    await bench.run(NOW, { everyDays: 1 });
    assert.deepEqual(bench.kept(), []);
  });
});
