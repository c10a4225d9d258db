import { InferencePool } from '../../src/adapters/onnx/inference-pool.ts';
import { readModelFolder } from '../../src/adapters/onnx/model-folder.ts';
import { createPrometheusMeter } from '../../src/adapters/prometheus/create-prometheus-meter.ts';
import { httpMetrics } from '../../src/adapters/prometheus/http-metrics.ts';
import {
  CLASSIFIER_HANDLERS,
  type ClassifierAppOptions,
} from '../../src/classifier/create-classifier-app.ts';
import { startClassifier } from '../../src/classifier/start-classifier.ts';
import { LIMITS, silentLog, TINY_MODEL } from '../adapters/onnx/tiny-model.ts';

/** A classifier as wire builds it, on a free port. */
export interface RunningClassifier {
  readonly url: string;
  readonly pool: InferencePool;
  /** Value of a series, as Prometheus would read it; undefined where there is none. */
  metric(series: string): Promise<number | undefined>;
  readonly stop: () => Promise<void>;
}

export interface RunningClassifierOptions {
  readonly modelDir?: string;
  readonly workers?: number;
  readonly queueLimit?: number;
  readonly deadlineMs?: number;
  readonly bytesMax?: number;
  readonly pixelsMax?: number;
  readonly requestTimeoutMs?: number;
  readonly rateLimit?: ClassifierAppOptions['rateLimit'];
}

export async function runClassifier(
  options: RunningClassifierOptions = {},
): Promise<RunningClassifier> {
  const model = await readModelFolder(options.modelDir ?? TINY_MODEL);
  const limits = {
    bytesMax: options.bytesMax ?? LIMITS.bytesMax,
    pixelsMax: options.pixelsMax ?? LIMITS.pixelsMax,
  };
  const pool = await InferencePool.start({
    model,
    limits,
    workers: options.workers ?? 1,
    queueLimit: options.queueLimit ?? 4,
    deadlineMs: options.deadlineMs ?? 5000,
    log: silentLog,
    random: { id: () => 'id', uniform: () => 0.5 },
  });
  const { meter, metricsText, contentType } = createPrometheusMeter({
    role: 'classifier',
    labelValues: { classes: model.classes, handlers: CLASSIFIER_HANDLERS },
  });
  const started = await startClassifier({
    model,
    inference: pool,
    meter,
    log: silentLog,
    metrics: async () => ({ text: await metricsText(), contentType }),
    instrument: httpMetrics(meter),
    uploadBytesMax: limits.bytesMax,
    host: '127.0.0.1',
    port: 0,
    ...(options.rateLimit === undefined ? {} : { rateLimit: options.rateLimit }),
    ...(options.requestTimeoutMs === undefined
      ? {}
      : { requestTimeoutMs: options.requestTimeoutMs }),
  });
  return {
    url: started.url,
    pool,
    stop: () => started.stop(),
    async metric(series) {
      const text = await (await fetch(`${started.url}/metrics`)).text();
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
  };
}
