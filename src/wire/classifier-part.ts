import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { InferencePool } from '../adapters/onnx/inference-pool.ts';
import type { ModelFolder } from '../adapters/onnx/model-folder.ts';
import { CLASSIFIER_HANDLERS } from '../classifier/create-classifier-app.ts';
import { readDriftReference, writeDriftReference } from '../classifier/drift/drift-reference.ts';
import { createDriftThread } from '../classifier/drift/drift-thread.ts';
import { createDriftWatch, type DriftWatch } from '../classifier/drift/drift-watch.ts';
import { startClassifier, type StartedClassifier } from '../classifier/start-classifier.ts';
import type { Config } from '../config/parse-config.ts';
import { driftReferencePath } from './drift-reference-path.ts';
import { sayInWords } from './listen.ts';
import { type RoleMetrics, roleMetrics } from './role-metrics.ts';
import type { Part } from './service.ts';
import type { Surroundings } from './surroundings.ts';

/** An image waits at most this long, decoding and the model included. */
const DEADLINE_MS = 10_000;
const QUEUE_PER_WORKER = 4;

/** One more than processors: an image passes through other threads while it is decoded, and its worker waits meanwhile. */
export const defaultWorkers = (): number => availableParallelism() + 1;

/** The classifier role. */
export function classifierPart(config: Config, model: ModelFolder, around: Surroundings): Part {
  let started: StartedClassifier | null = null;
  return {
    name: 'classifier',
    async start() {
      const role = roleMetrics(
        'classifier',
        { classes: model.classes, handlers: CLASSIFIER_HANDLERS },
        around.build,
      );
      started = await startRole(config, model, around, role);
      around.log.info({ url: started.url, model: model.version }, 'classifier ready');
    },
    leave: () => started?.leave(),
    stop: async () => started?.stop(),
  };
}

async function startRole(
  config: Config,
  model: ModelFolder,
  around: Surroundings,
  role: RoleMetrics,
): Promise<StartedClassifier> {
  const { log, random } = around;
  const workers = config.CLASSIFIER_WORKERS ?? defaultWorkers();
  const inference = await InferencePool.start({
    model,
    limits: { bytesMax: config.UPLOAD_BYTES_MAX, pixelsMax: config.UPLOAD_PIXELS_MAX },
    workers,
    queueLimit: config.QUEUE_LIMIT ?? QUEUE_PER_WORKER * workers,
    deadlineMs: DEADLINE_MS,
    log,
    random,
  });
  const place = { host: config.HOST, port: config.CLASSIFIER_PORT, setting: 'CLASSIFIER_PORT' };
  return startClassifier({
    ...place,
    ...role,
    model,
    inference,
    log,
    uploadBytesMax: config.UPLOAD_BYTES_MAX,
    ...rateLimit(config, around),
    watch: await watchDrift(config, model, around, role),
  }).catch(async (error: unknown) => {
    await inference.stop();
    throw sayInWords(error, place);
  });
}

/** The reference was made beforehand, or is learned from the first predictions and kept. */
async function watchDrift(
  config: Config,
  model: ModelFolder,
  { clock, random, log }: Surroundings,
  { meter }: RoleMetrics,
): Promise<DriftWatch> {
  const path = driftReferencePath(config);
  const reference = await readDriftReference(path, model.version);
  if (reference === null && existsSync(path))
    log.warn({ path, model: model.version }, 'drift reference of another model: learning anew');
  return createDriftWatch({
    modelVersion: model.version,
    reference,
    keep: (reference) => writeDriftReference(path, reference),
    thread: createDriftThread({ classes: model.classes }),
    ...{ meter, clock, random, log },
  });
}

function rateLimit(
  { RATE_LIMIT_PER_MINUTE: perMinute, TRUST_PROXY: trustProxy }: Config,
  { clock }: Surroundings,
): Pick<Parameters<typeof startClassifier>[0], 'rateLimit'> {
  return perMinute === 0 ? {} : { rateLimit: { perMinute, trustProxy, clock } };
}
