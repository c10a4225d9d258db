import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createPrometheusMeter } from '../../../src/adapters/prometheus/create-prometheus-meter.ts';
import { compareSamples } from '../../../src/classifier/drift/compare-samples.ts';
import {
  type DriftReference,
  readDriftReference,
  writeDriftReference,
} from '../../../src/classifier/drift/drift-reference.ts';
import { type DriftRow, EMPTY_SAMPLE, offer } from '../../../src/classifier/drift/drift-sample.ts';
import { createDriftThread, type DriftThread } from '../../../src/classifier/drift/drift-thread.ts';
import { createDriftWatch } from '../../../src/classifier/drift/drift-watch.ts';
import type { ClassifiedImage } from '../../../src/classify/classify-image.ts';
import { modelVersion } from '../../../src/domain/ids.ts';
import { silentLog } from '../../adapters/onnx/tiny-model.ts';

const CLASSES = ['a', 'b', 'c'];

/** Reproducible draws. */
function draws(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

const row = (uniform: () => number, shift: number): DriftRow => ({
  embedding: Array.from({ length: 8 }, () => uniform() + uniform() + uniform() + shift),
  confidence: Math.min(1, 0.3 + 0.7 * uniform() ** (1 + 4 * shift)),
  predictedClass: CLASSES[Math.floor(Math.min(2.99, 3 * uniform() + shift))] ?? 'a',
});
const rows = (count: number, seed: number, shift = 0): DriftRow[] => {
  const uniform = draws(seed);
  return Array.from({ length: count }, () => row(uniform, shift));
};

/** The same picture again and again. */
const same = (count: number): DriftRow[] => Array.from({ length: count }, () => row(draws(1), 0));

describe('a sample of predictions', () => {
  it('holds every prediction with the same chance, however many come', () => {
    const uniform = draws(5);
    const taken = new Array<number>(40).fill(0);
    for (let round = 0; round < 2000; round++) {
      let sample = EMPTY_SAMPLE;
      for (let index = 0; index < 40; index++)
        sample = offer(sample, 10, uniform(), () => ({
          embedding: null,
          confidence: index,
          predictedClass: 'a',
        }));
      assert.equal(sample.rows.length, 10);
      for (const { confidence } of sample.rows) taken[confidence] = (taken[confidence] ?? 0) + 1;
    }
    for (const count of taken) assert.ok(Math.abs(count - 500) < 100, taken.join());
  });
});

describe('the comparison with the reference', function () {
  this.timeout(60_000);
  it('stays quiet on at least 38 of 40 windows that are like the reference', () => {
    const reference = rows(60, 1);
    const alarms = Array.from({ length: 40 }, (_, index) =>
      compareSamples(reference, rows(40, 100 + index), CLASSES, draws(index + 1)),
    ).filter(({ hasDrift }) => hasDrift);
    assert.ok(alarms.length <= 2, `${alarms.length} alarms`);
  });
  it('sees a window that is not, in every signal that changed', () => {
    const report = compareSamples(rows(150, 1), rows(60, 2, 0.8), CLASSES, draws(3));
    assert.equal(report.hasDrift, true);
    assert.deepEqual(
      report.signals.map(({ signal, isDrift }) => [signal, isDrift]),
      [
        ['embedding', true],
        ['confidence', true],
        ['class_mix', true],
      ],
    );
    assert.ok(report.stabilityIndex > 0.2);
  });
  const embedding = (reference: DriftRow[], window: DriftRow[]) =>
    compareSamples(reference, window, CLASSES, draws(3)).signals.find(
      ({ signal }) => signal === 'embedding',
    );
  it('finds nothing where every picture is the same', () => {
    const report = compareSamples(same(100), same(40), CLASSES, draws(3));
    assert.equal(report.hasDrift, false);
    assert.deepEqual(report.signals, [
      { signal: 'embedding', statistic: 0, p: 1, isDrift: false },
      { signal: 'confidence', statistic: 0, p: 1, isDrift: false },
    ]);
  });
  it('tells windows apart also where most pictures are the same', () => {
    const quiet = embedding([...same(90), ...rows(10, 1)], [...same(36), ...rows(4, 2)]);
    assert.ok(Number.isFinite(quiet?.statistic));
    assert.equal(quiet?.isDrift, false);
    assert.equal(
      embedding([...same(90), ...rows(10, 1)], [...same(20), ...rows(20, 2)])?.isDrift,
      true,
    );
    const other = Array.from({ length: 40 }, () => rows(1, 2, 0.8)).flat();
    assert.equal(embedding(same(100), other)?.isDrift, true);
  });
  it('does without embeddings where the model gives none', () => {
    const bare = (list: DriftRow[]): DriftRow[] => list.map((r) => ({ ...r, embedding: null }));
    const report = compareSamples(bare(rows(150, 1)), bare(rows(60, 2, 0.8)), CLASSES, draws(3));
    assert.deepEqual(
      report.signals.map(({ signal }) => signal),
      ['confidence', 'class_mix'],
    );
    assert.equal(report.hasDrift, true);
  });
});

describe('a drift reference on disk', () => {
  let dir: string;
  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'drift-'))));
  afterEach(() => rm(dir, { recursive: true, force: true }));
  const reference = (): DriftReference => ({
    modelVersion: 'm-1',
    rows: [
      { embedding: [0.5, -2, 0], confidence: 0.5, predictedClass: 'a' },
      { embedding: null, confidence: 1, predictedClass: 'b' },
    ],
  });

  it('comes back as it was written', async () => {
    const path = join(dir, 'r.json');
    await writeDriftReference(path, reference());
    assert.deepEqual(await readDriftReference(path, 'm-1'), reference());
  });
  it('counts for nothing with another model', async () => {
    const path = join(dir, 'r.json');
    await writeDriftReference(path, reference());
    assert.equal(await readDriftReference(path, 'm-2'), null);
  });
  it('counts for nothing when it is missing or damaged', async () => {
    assert.equal(await readDriftReference(join(dir, 'none.json'), 'm-1'), null);
    await writeFile(join(dir, 'r.json'), '{"rows": 3');
    assert.equal(await readDriftReference(join(dir, 'r.json'), 'm-1'), null);
  });
});

describe('the drift watch', function () {
  this.timeout(30_000);
  const watchWith = (
    reference: DriftReference | null,
    thread: DriftThread = createDriftThread({ classes: CLASSES }),
  ) => {
    let now = 0;
    const kept: DriftReference[] = [];
    const { meter, metricsText } = createPrometheusMeter({
      role: 'classifier',
      labelValues: { classes: CLASSES },
    });
    const watch = createDriftWatch({
      modelVersion: 'm-1',
      reference,
      keep: (learned) => {
        kept.push(learned);
        return Promise.resolve();
      },
      thread,
      meter,
      clock: { now: () => now },
      random: { id: () => 'id', uniform: draws(9) },
      log: silentLog,
      learnFrom: 100,
      windowRows: 50,
      windowMs: 1000,
    });
    const observe = (list: readonly DriftRow[]): void => {
      for (const { embedding, confidence, predictedClass } of list) {
        const classified: ClassifiedImage = {
          embedding: embedding === null ? null : Float32Array.from(embedding),
          classification: {
            confidence,
            predictedClass,
            probabilities: {},
            modelVersion: modelVersion('m-1'),
          },
        };
        watch.observe(classified);
      }
    };
    const metric = async (series: string): Promise<number | undefined> => {
      const lines = (await metricsText()).split('\n');
      const line = lines.find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    };
    const advance = (ms: number): void => {
      now += ms;
    };
    return { watch, kept, observe, metric, advance };
  };
  const known: DriftReference = { modelVersion: 'm-1', rows: rows(150, 1) };

  it('learns from the first predictions where it has no reference, says so, and keeps it', async () => {
    const { watch, kept, observe, metric } = watchWith(null);
    assert.equal(await metric('truthloop_drift_state{state="learning"}'), 1);
    observe(rows(99, 1));
    assert.equal(await metric('truthloop_drift_reference_predictions'), 99);
    assert.equal(kept.length, 0);
    observe(rows(1, 2));
    assert.equal(await metric('truthloop_drift_state{state="learning"}'), 0);
    assert.equal(await metric('truthloop_drift_state{state="watching"}'), 1);
    assert.equal(kept[0]?.rows.length, 100);
    await watch.stop();
  });
  it('compares a window once it is full and long enough, in a thread of its own', async () => {
    const { watch, observe, metric, advance } = watchWith(known);
    observe(rows(80, 3));
    assert.equal(await metric('truthloop_drift_window_predictions'), 80);
    advance(1000);
    observe(rows(1, 4));
    await watch.settled();
    assert.equal(await metric('truthloop_drift_tests_total'), 1);
    assert.equal(await metric('drift_test_stat_count'), 1);
    assert.equal(await metric('drift_events_total'), 0);
    await watch.stop();
  });
  it('counts an event when the input changed', async () => {
    const { watch, observe, metric, advance } = watchWith(known);
    advance(1000);
    observe(rows(50, 3, 0.8));
    await watch.settled();
    assert.equal(await metric('drift_events_total'), 1);
    assert.equal(await metric('truthloop_drift_signal_events_total{signal="embedding"}'), 1);
    assert.ok(((await metric('truthloop_drift_signal_evidence{signal="embedding"}')) ?? 0) > 2);
    await watch.stop();
  });
  it('learns and watches where one picture comes again and again', async () => {
    const { watch, observe, metric, advance } = watchWith(null);
    observe(same(100));
    for (const tests of [1, 2]) {
      advance(1000);
      observe(same(50));
      await watch.settled();
      assert.equal(await metric('truthloop_drift_tests_total'), tests);
    }
    assert.equal(await metric('truthloop_drift_signal_statistic{signal="embedding"}'), 0);
    assert.equal(await metric('drift_events_total'), 0);
    await watch.stop();
  });
  it('outlives a comparison whose outcome can not be shown, and goes on with the next', async () => {
    const undefinedOutcome = {
      signals: [{ signal: 'embedding', statistic: NaN, p: 1, isDrift: false }],
      stabilityIndex: 0,
      hasDrift: false,
    } as const;
    const { watch, observe, metric, advance } = watchWith(known, {
      compare: () => Promise.resolve(undefinedOutcome),
      stop: () => Promise.resolve(),
    });
    for (const tests of [1, 2]) {
      advance(1000);
      observe(rows(50, 3));
      await watch.settled();
      assert.equal(await metric('truthloop_drift_tests_total'), tests);
    }
    await watch.stop();
  });
  it('has all its series at 0 from the start', async () => {
    const { metric, watch } = watchWith(known);
    for (const series of [
      'drift_events_total',
      'drift_test_stat_count',
      'truthloop_drift_tests_total',
      'truthloop_drift_signal_events_total{signal="class_mix"}',
      'truthloop_drift_signal_evidence{signal="confidence"}',
      'truthloop_drift_signal_statistic{signal="embedding"}',
      'truthloop_drift_stability_index',
    ])
      assert.equal(await metric(series), 0, series);
    await watch.stop();
  });
});
