import { InferencePool } from '../../src/adapters/onnx/inference-pool.ts';
import { type ModelFolder, readModelFolder } from '../../src/adapters/onnx/model-folder.ts';
import { createPrometheusMeter } from '../../src/adapters/prometheus/create-prometheus-meter.ts';
import { httpMetrics } from '../../src/adapters/prometheus/http-metrics.ts';
import type { ClassifierAppOptions } from '../../src/classifier/classifier-app-options.ts';
import { CLASSIFIER_HANDLERS } from '../../src/classifier/create-classifier-app.ts';
import { type ModelRole, type Models, startModels } from '../../src/classifier/models.ts';
import { startClassifier } from '../../src/classifier/start-classifier.ts';
import { LIMITS, silentLog, TINY_MODEL } from '../adapters/onnx/tiny-model.ts';

/** A classifier as wire builds it, on a free port. */
export interface RunningClassifier {
  readonly url: string;
  readonly models: Models;
  /** Of the model in service, as it was at the start. */
  readonly pool: InferencePool;
  /** Of its shadow, as it was at the start. */
  readonly shadowPool: InferencePool | null;
  /** Versions that were kept as the one to serve. */
  readonly kept: string[];
  /** Value of a series, as Prometheus would read it; undefined where there is none. */
  metric(series: string): Promise<number | undefined>;
  readonly stop: () => Promise<void>;
}

export interface RunningClassifierOptions {
  readonly modelDir?: string;
  readonly shadowDir?: string;
  /** Fails to keep which model serves. */
  readonly keep?: () => Promise<void>;
  readonly workers?: number;
  readonly queueLimit?: number;
  readonly deadlineMs?: number;
  readonly bytesMax?: number;
  readonly pixelsMax?: number;
  readonly requestTimeoutMs?: number;
  readonly rateLimit?: ClassifierAppOptions['rateLimit'];
}

export const OPS_KEY = 'ops-key-of-the-test';

export async function runClassifier(
  options: RunningClassifierOptions = {},
): Promise<RunningClassifier> {
  const model = await readModelFolder(options.modelDir ?? TINY_MODEL);
  const shadow = options.shadowDir === undefined ? null : await readModelFolder(options.shadowDir);
  const limits = {
    bytesMax: options.bytesMax ?? LIMITS.bytesMax,
    pixelsMax: options.pixelsMax ?? LIMITS.pixelsMax,
  };
  const pools: Partial<Record<ModelRole, InferencePool>> = {};
  const start = async (folder: ModelFolder, role: ModelRole): Promise<InferencePool> => {
    const pool = await InferencePool.start({
      model: folder,
      limits,
      workers: role === 'shadow' ? 1 : (options.workers ?? 1),
      queueLimit: options.queueLimit ?? 4,
      deadlineMs: options.deadlineMs ?? 5000,
      log: silentLog,
      random: { id: () => 'id', uniform: () => 0.5 },
    });
    pools[role] ??= pool;
    return pool;
  };
  const { meter, metricsText, contentType } = createPrometheusMeter({
    role: 'classifier',
    labelValues: { classes: model.classes, handlers: CLASSIFIER_HANDLERS },
  });
  const kept: string[] = [];
  const models = await startModels({
    serving: { model, setting: 'MODEL_DIR', start: (role) => start(model, role) },
    shadow:
      shadow === null
        ? null
        : { model: shadow, setting: 'SHADOW_MODEL_DIR', start: (role) => start(shadow, role) },
    meter,
    log: silentLog,
    keep: async ({ version }) => {
      await options.keep?.();
      kept.push(version);
    },
  });
  const started = await startClassifier({
    models,
    meter,
    log: silentLog,
    opsKey: OPS_KEY,
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
  const { serving } = pools;
  if (serving === undefined) throw new Error('no model serves');
  return {
    url: started.url,
    models,
    pool: serving,
    shadowPool: pools.shadow ?? null,
    kept,
    stop: () => started.stop(),
    async metric(series) {
      const text = await (await fetch(`${started.url}/metrics`)).text();
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
      return line === undefined ? undefined : Number(line.slice(series.length + 1));
    },
  };
}
