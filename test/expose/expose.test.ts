import assert from 'node:assert/strict';

import { createPrometheusMeter } from '../../src/adapters/prometheus/create-prometheus-meter.ts';
import { modelVersion } from '../../src/domain/ids.ts';
import type { MetricRole } from '../../src/domain/metrics.ts';
import { ESTIMATE_METRICS } from '../../src/domain/metrics/estimate-metrics.ts';
import type { Notice } from '../../src/domain/notice.ts';
import { exposeBudget } from '../../src/expose/expose-budget.ts';
import { exposeComparisons } from '../../src/expose/expose-comparisons.ts';
import { exposeEstimates } from '../../src/expose/expose-estimates.ts';
import { exposeBuild, exposeTarget } from '../../src/expose/expose-facts.ts';
import { exposeNotices } from '../../src/expose/expose-notices.ts';
import { exposeOutbox } from '../../src/expose/expose-outbox.ts';
import { measureJob } from '../../src/expose/measure-job.ts';
import { newestVersions } from '../../src/expose/newest-versions.ts';
import { aComparison } from './a-comparison.ts';
import { anEstimate } from './an-estimate.ts';

const meterOf = (role: MetricRole) => {
  const { meter, metricsText } = createPrometheusMeter({ role, labelValues: { classes: [] } });
  /** name{labels} -> value, of one family */
  const series = async (name: string): Promise<Record<string, number>> =>
    Object.fromEntries(
      (await metricsText())
        .split('\n')
        .filter((line) => new RegExp(`^${name}[ {]`).test(line))
        .map((line) => [
          line.slice(name.length, line.lastIndexOf(' ')),
          Number(line.split(' ').at(-1)),
        ]),
    );
  return { meter, series };
};
const V1_7D = '{model_version="v1",window="7d"}';

describe('exposeEstimates', () => {
  it('shows every defined value under its model version and window, in base units', async () => {
    const { meter, series } = meterOf('sync');
    exposeEstimates(
      meter,
      [anEstimate()],
      [{ modelVersion: modelVersion('v1'), dataset: 'test', n: 10, right: 9 }],
    );
    assert.deepEqual(await series('truthloop_accuracy_ratio'), { [V1_7D]: 0.81 });
    assert.deepEqual(await series('truthloop_accuracy_lower_ratio'), { [V1_7D]: 0.72 });
    assert.deepEqual(await series('truthloop_accuracy_upper_ratio'), { [V1_7D]: 0.88 });
    assert.deepEqual(await series('truthloop_accuracy_random_ratio'), { [V1_7D]: 0.79 });
    assert.deepEqual(await series('truthloop_accuracy_naive_ratio'), { [V1_7D]: 0.55 });
    assert.deepEqual(await series('truthloop_accuracy_label_free_ratio'), { [V1_7D]: 0.9 });
    assert.deepEqual(await series('truthloop_labels'), { [V1_7D]: 80 });
    assert.deepEqual(await series('truthloop_maturity_ratio'), { [V1_7D]: 0.85 });
    assert.deepEqual(await series('truthloop_annotator_agreement'), { [V1_7D]: 0.77 });
    assert.deepEqual(await series('truthloop_estimate_timestamp_seconds'), {
      [V1_7D]: 1_700_000_000.5,
    });
    assert.deepEqual(await series('truthloop_offline_accuracy_ratio'), {
      '{model_version="v1"}': 0.9,
    });
    assert.deepEqual(await series('truthloop_below_target_evalue'), {
      '{model_version="v1"}': 0.4,
    });
  });

  it('shows the evidence of the newest estimate, whichever window that is', async () => {
    const { meter, series } = meterOf('sync');
    const week = anEstimate({ window: '7d', asOf: 1, evalue: 3 });
    exposeEstimates(meter, [anEstimate({ window: '30d', asOf: 2, evalue: 25 }), week], []);
    assert.deepEqual(await series('truthloop_below_target_evalue'), { '{model_version="v1"}': 25 });
    exposeEstimates(meter, [anEstimate({ window: '30d', asOf: 2, evalue: null }), week], []);
    assert.deepEqual(await series('truthloop_below_target_evalue'), {});
  });

  it('shows classes, segments, bins and flags only where they are defined', async () => {
    const { meter, series } = meterOf('sync');
    exposeEstimates(meter, [anEstimate()], []);
    const named = (label: string) => `{model_version="v1",window="7d",${label}}`;
    assert.deepEqual(await series('truthloop_class_precision_ratio'), {
      [named('class_name="Bread"')]: 0.7,
    });
    assert.deepEqual(await series('truthloop_class_f1_ratio'), {});
    assert.deepEqual(await series('truthloop_segment_labels'), {
      [named('segment="phone"')]: 30,
      [named('segment="desk"')]: 1,
    });
    assert.deepEqual(Object.keys(await series('truthloop_segment_accuracy_ratio')), [
      named('segment="phone"'),
    ]);
    assert.deepEqual(await series('truthloop_reliability_confidence_ratio'), {
      [named('bin="01"')]: 0.4,
    });
    assert.deepEqual(await series('truthloop_reliability_accuracy_ratio'), {
      [named('bin="01"')]: 0.5,
    });
    assert.deepEqual(await series('truthloop_calibration_error_ratio'), { [V1_7D]: 0.08 });
    assert.deepEqual(await series('truthloop_flag_precision_ratio'), { [V1_7D]: 0.6 });
    assert.deepEqual(await series('truthloop_flag_recall_ratio'), {});
  });

  it('takes an accuracy away that is no longer defined, and keeps the counts at 0', async () => {
    const { meter, series } = meterOf('sync');
    exposeEstimates(meter, [anEstimate()], []);
    const undefinedNow = {
      ...{ accuracy: null, lower: null, upper: null, raw: null, random: null, naive: null },
      ...{ labelFree: null, evalue: null, calibration: null, agreement: null, labels: 0 },
    };
    exposeEstimates(meter, [anEstimate(undefinedNow)], []);
    for (const name of [
      'truthloop_accuracy_ratio',
      'truthloop_accuracy_random_lower_ratio',
      'truthloop_accuracy_naive_ratio',
      'truthloop_accuracy_label_free_ratio',
      'truthloop_below_target_evalue',
      'truthloop_brier_score',
      'truthloop_reliability_accuracy_ratio',
      'truthloop_annotator_agreement',
      'truthloop_offline_accuracy_ratio',
    ]) {
      assert.deepEqual(await series(name), {}, name);
    }
    assert.deepEqual(await series('truthloop_labels'), { [V1_7D]: 0 });
  });

  it('leaves no series of a model version that is no longer among the newest five', async () => {
    const { meter, series } = meterOf('sync');
    const version = (index: number) =>
      anEstimate({ modelVersion: modelVersion(`v${index}`), window: 'all', from: index });
    exposeEstimates(
      meter,
      [version(1)],
      [{ modelVersion: modelVersion('v1'), dataset: 'test', n: 10, right: 5 }],
    );
    const six = [1, 2, 3, 4, 5, 6].map(version);
    exposeEstimates(meter, six, [
      { modelVersion: modelVersion('v1'), dataset: 'test', n: 10, right: 5 },
    ]);
    for (const name of Object.keys(ESTIMATE_METRICS)) {
      assert.ok(!JSON.stringify(await series(name)).includes('v1\\"'), name);
    }
    assert.equal(Object.keys(await series('truthloop_accuracy_ratio')).length, 5);
  });

  it('puts a value into every estimated family when everything is defined', async () => {
    const { meter, series } = meterOf('sync');
    const all = { flagRecall: { value: 0.4, lower: 0.3, upper: 0.5, labels: 9 } };
    const estimate = anEstimate();
    exposeTarget(meter, 0.8);
    exposeComparisons(meter, [aComparison()]);
    exposeEstimates(
      meter,
      [
        {
          ...estimate,
          feedback: { ...estimate.feedback, ...all },
          classes: estimate.classes.map((one) => ({ ...one, f1: one.recall })),
        },
      ],
      [{ modelVersion: modelVersion('v1'), dataset: 'test', n: 10, right: 9 }],
    );
    for (const name of Object.keys(ESTIMATE_METRICS)) {
      assert.ok(Object.keys(await series(name)).length > 0, `${name} is never shown`);
    }
  });
});

describe('exposeComparisons', () => {
  it('names both versions, shows counts always and a difference where there is one', async () => {
    const { meter, series } = meterOf('sync');
    exposeComparisons(meter, [
      aComparison(),
      aComparison({ window: '1d', differ: 3, labels: 1, difference: null }),
    ]);
    const shown = (name: string) => series(`truthloop_version${name}`);
    const [week, day] = ['7d', '1d'].map(
      (window) => `{model_version="v2",baseline_version="v1",window="${window}"}`,
    ) as [string, string];
    assert.deepEqual(await shown('_difference_ratio'), { [week]: 0.012 });
    assert.deepEqual(await shown('_difference_lower_ratio'), { [week]: 0.002 });
    assert.deepEqual(await shown('_difference_upper_ratio'), { [week]: 0.021 });
    assert.deepEqual(await shown('s_compared_predictions'), { [week]: 900, [day]: 900 });
    assert.deepEqual(await shown('s_differ_predictions'), { [week]: 45, [day]: 3 });
    assert.deepEqual(await shown('s_differ_labels'), { [week]: 25, [day]: 1 });
    exposeComparisons(meter, []);
    assert.deepEqual(await shown('s_compared_predictions'), {});
  });
});

describe('newestVersions', () => {
  it('goes by where the longest window begins and leaves out versions without traffic', () => {
    const of = (version: string, changes: object) =>
      anEstimate({ modelVersion: modelVersion(version), ...changes });
    assert.deepEqual(
      newestVersions([
        of('old', { window: '1d', from: 900 }),
        of('old', { window: 'all', from: 10 }),
        of('new', { window: '1d', from: 900 }),
        of('new', { window: 'all', from: 500 }),
        of('idle', { window: 'all', from: 800, predictions: 0 }),
      ]),
      ['new', 'old'],
    );
  });
});

describe('exposeOutbox', () => {
  it('shows the backlog by kind, and no oldest entry where nothing is pending', async () => {
    const { meter, series } = meterOf('sync');
    const none = { pending: 0, dead: 0, oldestCreatedAt: null };
    const byKind = { create_task: none, ask_annotator: none, renew_image: none, delete_task: none };
    const busy = { pending: 3, dead: 1, oldestCreatedAt: 60_000 };
    exposeOutbox(meter, { ...busy, byKind: { ...byKind, create_task: busy } });
    assert.deepEqual(await series('truthloop_outbox_oldest_timestamp_seconds'), {
      '{kind="create_task"}': 60,
    });
    assert.equal((await series('truthloop_outbox_pending'))['{kind="create_task"}'], 3);
    assert.equal((await series('truthloop_outbox_dead'))['{kind="create_task"}'], 1);
    exposeOutbox(meter, { ...none, byKind });
    assert.deepEqual(await series('truthloop_outbox_oldest_timestamp_seconds'), {});
    assert.equal((await series('truthloop_outbox_pending'))['{kind="create_task"}'], 0);
  });
});

describe('exposeNotices', () => {
  it('shows how many the retraining service has not taken, and not those given up', async () => {
    const { meter, series } = meterOf('sync');
    const notice: Omit<Notice, 'state'> = {
      event: 'schedule',
      ...{ id: 'n', modelVersion: modelVersion('v1'), madeAt: 0, body: '{}' },
      ...{ attempts: 1, notBefore: 0, lastError: null, isOpen: true },
    };
    const shown = async (...states: readonly Notice['state'][]) => {
      exposeNotices(
        meter,
        states.map((state) => ({ ...notice, state })),
      );
      return (await series('truthloop_retrain_notices_pending'))[''];
    };
    assert.equal(await shown('pending', 'delivered', 'pending'), 2);
    assert.equal(await shown('given_up'), 0);
  });
});

describe('measureJob', () => {
  const clockFrom = (...times: number[]) => ({ now: () => times.shift() ?? 0 });

  it('counts, times and dates a success and hands its result on', async () => {
    const { meter, series } = meterOf('sync');
    const clock = clockFrom(1000, 3500, 4000);
    assert.equal(await measureJob({ meter, clock }, 'push', () => Promise.resolve(7)), 7);
    assert.equal((await series('truthloop_sync_runs_total'))['{job="push",result="success"}'], 1);
    assert.equal((await series('truthloop_sync_duration_seconds_sum'))['{job="push"}'], 2.5);
    assert.deepEqual(await series('truthloop_sync_last_success_timestamp_seconds'), {
      '{job="push"}': 4,
    });
  });

  it('counts a failure, dates nothing, and throws on', async () => {
    const { meter, series } = meterOf('sync');
    const failing = measureJob({ meter, clock: clockFrom(0, 1) }, 'run', () =>
      Promise.reject(new Error('planted')),
    );
    await assert.rejects(failing, /planted/);
    assert.equal((await series('truthloop_sync_runs_total'))['{job="run",result="failure"}'], 1);
    assert.deepEqual(await series('truthloop_sync_last_success_timestamp_seconds'), {});
  });
});

describe('exposeBudget', () => {
  it('shows the day budget beside what is used of it', async () => {
    const { meter, series } = meterOf('sync');
    exposeBudget(meter, { perDay: 200, usedToday: 12, open: 7 });
    assert.deepEqual(await series('truthloop_label_budget_tasks'), { '': 200 });
    assert.deepEqual(await series('truthloop_label_budget_used_tasks'), { '': 12 });
    assert.deepEqual(await series('truthloop_open_tasks'), { '': 7 });
  });
});

describe('exposeBuild', () => {
  it('shows which build runs', async () => {
    const { meter, series } = meterOf('classifier');
    exposeBuild(meter, { version: '1.2.3', revision: 'abc' });
    assert.deepEqual(await series('truthloop_build_info'), {
      '{version="1.2.3",revision="abc"}': 1,
    });
  });
});
