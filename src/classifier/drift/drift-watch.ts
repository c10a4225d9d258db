import type { ClassifiedImage } from '../../classify/classify-image.ts';
import { DRIFT_SIGNALS } from '../../domain/metrics/drift-metrics.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Meter } from '../../ports/meter.ts';
import type { Random } from '../../ports/random.ts';
import type { DriftReport } from './compare-samples.ts';
import type { DriftReference } from './drift-reference.ts';
import { type DriftRow, type DriftSample, EMPTY_SAMPLE, offer } from './drift-sample.ts';
import type { DriftThread } from './drift-thread.ts';

export interface DriftWatchOptions {
  readonly modelVersion: string;
  /** Null: the first predictions become the reference. */
  readonly reference: DriftReference | null;
  /** Keeps what was learned, so that a restart does not begin anew. */
  readonly keep: (reference: DriftReference) => Promise<void>;
  readonly thread: DriftThread;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Predictions that become the reference. */
  readonly learnFrom?: number;
  /** Predictions of a window that are compared; a window has at least so many. */
  readonly windowRows?: number;
  /** A window lasts at least so long: more traffic does not cost more arithmetic. */
  readonly windowMs?: number;
}

/** Watches whether the input still looks like the reference. It says nothing about how right the answers are. */
export interface DriftWatch {
  observe(classified: ClassifiedImage): void;
  /** Resolves when no comparison is under way. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const LEARN_FROM = 500;
const WINDOW_ROWS = 200;
const WINDOW_MS = 60_000;

export function createDriftWatch(options: DriftWatchOptions): DriftWatch {
  const { meter, clock, random, thread, log } = options;
  const learnFrom = options.learnFrom ?? LEARN_FROM;
  const windowRows = options.windowRows ?? WINDOW_ROWS;
  let reference = options.reference;
  let sample: DriftSample = EMPTY_SAMPLE;
  let begunAt = clock.now();
  let underWay: Promise<void> | null = null;

  const showState = (): void => {
    const isLearning = reference === null;
    meter.set('truthloop_drift_state', isLearning ? 1 : 0, { state: 'learning' });
    meter.set('truthloop_drift_state', isLearning ? 0 : 1, { state: 'watching' });
    meter.set('truthloop_drift_reference_predictions', reference?.rows.length ?? sample.seen);
    meter.set('truthloop_drift_window_predictions', isLearning ? 0 : sample.seen);
  };
  const beginWindow = (): void => {
    sample = EMPTY_SAMPLE;
    begunAt = clock.now();
  };
  const learn = (): void => {
    if (sample.seen < learnFrom) return;
    reference = { modelVersion: options.modelVersion, rows: sample.rows };
    options.keep(reference).catch((error: unknown) => {
      log.warn({ cause: String(error) }, 'drift reference not kept');
    });
    log.info({ predictions: sample.seen }, 'drift reference learned');
    beginWindow();
  };
  const compare = (known: DriftReference): void => {
    const isLong = clock.now() - begunAt >= (options.windowMs ?? WINDOW_MS);
    if (sample.seen < windowRows || !isLong || underWay !== null) return;
    const window = sample.rows;
    beginWindow();
    underWay = thread
      .compare({ reference: known.rows, window, seed: random.uniform() })
      .then((report) => {
        publish(meter, report);
        if (report.hasDrift) log.info({ signals: report.signals }, 'drift seen');
      })
      .catch((error: unknown) => {
        log.warn({ cause: String(error) }, 'drift comparison failed');
      })
      .finally(() => (underWay = null));
  };
  forget(meter);
  showState();
  return {
    observe(classified) {
      const rowsMax = reference === null ? learnFrom : windowRows;
      sample = offer(sample, rowsMax, random.uniform(), () => rowOf(classified));
      if (reference === null) learn();
      else compare(reference);
      showState();
    },
    settled: () => underWay ?? Promise.resolve(),
    stop: () => thread.stop(),
  };
}

const rowOf = ({ classification, embedding }: ClassifiedImage): DriftRow => ({
  embedding: embedding === null ? null : Array.from(embedding),
  confidence: classification.confidence,
  predictedClass: classification.predictedClass,
});

/** A chance of 0 has no logarithm; nothing measured here can tell smaller ones apart. */
const P_LEAST = 1e-12;

/** What another model's watch found before a promotion is none of this one's. */
function forget(meter: Meter): void {
  for (const signal of DRIFT_SIGNALS) {
    meter.set('truthloop_drift_signal_statistic', 0, { signal });
    meter.set('truthloop_drift_signal_evidence', 0, { signal });
  }
  meter.set('truthloop_drift_stability_index', 0);
}

function publish(meter: Meter, report: DriftReport): void {
  meter.increment('truthloop_drift_tests_total');
  for (const { signal, statistic, p, isDrift } of report.signals) {
    meter.set('truthloop_drift_signal_statistic', statistic, { signal });
    meter.set('truthloop_drift_signal_evidence', -Math.log10(Math.max(P_LEAST, p)), { signal });
    if (isDrift) meter.increment('truthloop_drift_signal_events_total', { signal });
    if (signal === 'embedding') meter.observe('drift_test_stat', statistic);
  }
  meter.set('truthloop_drift_stability_index', report.stabilityIndex);
  if (report.hasDrift) meter.increment('drift_events_total');
}
