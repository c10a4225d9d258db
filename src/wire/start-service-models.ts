import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { InferencePool } from '../adapters/onnx/inference-pool.ts';
import type { ModelFolder } from '../adapters/onnx/model-folder.ts';
import { type Models, type StartableModel, startModels } from '../classifier/models.ts';
import { readPromotion, writePromotion } from '../classifier/promotion-file.ts';
import type { Config } from '../config/parse-config.ts';
import { uploadLimits } from '../config/upload-limits.ts';
import type { Meter } from '../ports/meter.ts';
import type { Surroundings } from './surroundings.ts';
import { watchDrift } from './watch-drift.ts';

/** An image waits at most this long, decoding and the model included. */
const DEADLINE_MS = 10_000;
const QUEUE_PER_WORKER = 4;
const SHADOW_QUEUE = 4;

/** One more than processors: an image passes through other threads while it is decoded, and its worker waits meanwhile. */
export const defaultWorkers = (): number => availableParallelism() + 1;

type Around = Surroundings & { readonly meter: Meter };

/**
 * Starts the model in service and its shadow, in the roles that the last promotion gave them.
 * @throws ModelUnusable
 */
export async function startServiceModels(
  config: Config,
  model: ModelFolder,
  shadow: ModelFolder | null,
  around: Around,
): Promise<Models> {
  const first = startable(config, model, 'MODEL_DIR', around);
  const path = join(config.DATA_DIR, 'promotion.json');
  const { meter, log } = around;
  const promotion = await readPromotion(path);
  if (promotion === null && existsSync(path))
    log.warn({ path }, 'promotion not readable: MODEL_DIR serves');
  if (shadow === null) {
    if (promotion !== null && promotion.serving !== model.version)
      log.warn({ path, promoted: promotion.serving }, 'promoted model not set: MODEL_DIR serves');
    return startModels({ serving: first, shadow: null, meter, log, keep: () => Promise.resolve() });
  }
  const pair = { model: model.version, shadow: shadow.version };
  const isPromoted =
    promotion?.model === pair.model &&
    promotion.shadow === pair.shadow &&
    promotion.serving === pair.shadow;
  const second = startable(config, shadow, 'SHADOW_MODEL_DIR', around);
  return startModels({
    ...(isPromoted ? { serving: second, shadow: first } : { serving: first, shadow: second }),
    ...{ meter, log },
    keep: ({ version }) => writePromotion(path, { ...pair, serving: version }),
  });
}

function startable(
  config: Config,
  model: ModelFolder,
  setting: StartableModel['setting'],
  around: Around,
): StartableModel {
  const { log, random } = around;
  const limits = uploadLimits(config);
  const workers = config.CLASSIFIER_WORKERS ?? defaultWorkers();
  const inRole = {
    serving: { workers, queueLimit: config.QUEUE_LIMIT ?? QUEUE_PER_WORKER * workers },
    // A canary answers people: then it gets its share of the processors like any other.
    shadow: { workers: 1, queueLimit: SHADOW_QUEUE, isBackground: config.CANARY_SHARE === 0 },
  };
  return {
    model,
    setting,
    start: (role) =>
      InferencePool.start({
        ...{ model, limits, deadlineMs: DEADLINE_MS, log, random },
        ...inRole[role],
      }),
    watch: () => watchDrift(config, model, setting, around),
  };
}
