import assert from 'node:assert/strict';

import { createPrometheusMeter } from '../../../src/adapters/prometheus/create-prometheus-meter.ts';
import { type MetricName, type MetricRole, METRICS } from '../../../src/domain/metrics.ts';

const labelValues = {
  classes: ['Bread', 'Egg'],
  handlers: [{ handler: '/predict', method: 'POST' }],
};
const meterOf = (role: MetricRole) => createPrometheusMeter({ role, labelValues });
const linesOf = async (metrics: { metricsText(): Promise<string> }, name: string) =>
  (await metrics.metricsText()).split('\n').filter((line) => new RegExp(`^${name}[ {]`).test(line));
const VERSIONED = { model_version: 'v1', window: '1d' };

describe('createPrometheusMeter', () => {
  it('serves each role its own part of the catalogue and nothing else', async () => {
    for (const role of ['web', 'classifier', 'sync'] as const) {
      const text = await meterOf(role).metricsText();
      const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1] ?? '');
      const ours = families.filter((name) => name in METRICS).sort();
      const expected = Object.entries(METRICS)
        .filter(([, { roles }]) => (roles as readonly string[]).includes(role))
        .map(([name]) => name);
      assert.deepEqual(ours, expected.sort());
    }
  });

  it('has every counter and histogram at 0 for every label set before anything happened', async () => {
    for (const role of ['web', 'classifier', 'sync'] as const) {
      const text = await meterOf(role).metricsText();
      for (const [name, { type, roles }] of Object.entries(METRICS)) {
        if (!(roles as readonly string[]).includes(role)) continue;
        if (type !== 'counter' && type !== 'histogram') continue;
        const series = type === 'counter' ? name : `${name}_count`;
        const values = [...text.matchAll(new RegExp(`^${series}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
        assert.ok(values.length > 0, `${series} is absent on ${role}`);
        assert.ok(values.every((match) => match[1] === '0'));
      }
    }
  });

  it('shows what is measured or estimated only once it is set, and not after it was cleared', async () => {
    const sync = meterOf('sync');
    assert.deepEqual(await linesOf(sync, 'truthloop_accuracy_ratio'), []);
    assert.deepEqual(await linesOf(sync, 'truthloop_target_accuracy_ratio'), []);
    sync.meter.set('truthloop_accuracy_ratio', 0.9, VERSIONED);
    sync.meter.set('truthloop_target_accuracy_ratio', 0.8);
    assert.deepEqual(await linesOf(sync, 'truthloop_accuracy_ratio'), [
      'truthloop_accuracy_ratio{model_version="v1",window="1d"} 0.9',
    ]);
    sync.meter.clear('truthloop_accuracy_ratio');
    sync.meter.clear('truthloop_target_accuracy_ratio');
    assert.deepEqual(await linesOf(sync, 'truthloop_accuracy_ratio'), []);
    assert.deepEqual(await linesOf(sync, 'truthloop_target_accuracy_ratio'), []);
  });

  it('counts with and without an amount', async () => {
    const web = meterOf('web');
    web.meter.increment('truthloop_feedback_total', { kind: 'flag' });
    web.meter.increment('truthloop_feedback_total', { kind: 'flag' }, 4);
    assert.deepEqual(await linesOf(web, 'truthloop_feedback_total'), [
      'truthloop_feedback_total{kind="flag"} 5',
      'truthloop_feedback_total{kind="correction"} 0',
      'truthloop_feedback_total{kind="confirmation"} 0',
    ]);
  });

  it("refuses an unknown name, another role's metric, the wrong verb and a value that is no number", () => {
    const { meter } = meterOf('web');
    assert.throws(() => {
      meter.increment('no_such_total' as MetricName);
    }, /not in the catalogue/);
    assert.throws(() => {
      meter.increment('predicted_class_total', { class_name: 'Egg' });
    }, /belongs to classifier, not to web/);
    assert.throws(() => {
      meter.set('truthloop_feedback_total', 1, { kind: 'flag' });
    }, /is a counter/);
    assert.throws(() => {
      meter.clear('truthloop_feedback_total');
    }, /no gauge/);
    assert.throws(() => {
      meterOf('sync').meter.set('truthloop_accuracy_ratio', Number.NaN, VERSIONED);
    }, /finite/);
  });

  it('refuses a label that is missing, too many, or outside its closed set', () => {
    const { meter } = meterOf('classifier');
    assert.throws(() => {
      meter.increment('predicted_class_total');
    }, /has the labels \[class_name\]/);
    assert.throws(() => {
      meter.increment('predicted_class_total', { class_name: 'Egg', id: '7' });
    }, /has the labels/);
    assert.throws(() => {
      meter.increment('predicted_class_total', { class_name: 'Shoe' });
    }, /none of Bread, Egg/);
  });

  it('gives the content type that Prometheus 3 insists on', () => {
    assert.match(meterOf('web').contentType, /^text\/plain; version=0\.0\.4; charset=utf-8$/);
  });
});
