import { createNoticeSender } from '../adapters/retrain-webhook/create-notice-sender.ts';
import type { Config } from '../config/parse-config.ts';
import type { Meter } from '../ports/meter.ts';
import { tellRetraining } from '../retrain/tell-retraining.ts';
import type { SyncSteps } from '../sync/run-sync.ts';
import type { Records } from './records.ts';
import type { Surroundings } from './surroundings.ts';

/** What Standard Webhooks asks receivers to answer within. */
const TIMEOUT_MS = 15_000;
/** The labels that a retraining starts from. */
const WINDOW = '30d';

/** The step of a sync run that tells the retraining service; null where none is set. */
export function retrainStep(
  config: Config,
  { store }: Records,
  { random, log, meter }: Surroundings & { readonly meter: Meter },
): SyncSteps['retrain'] {
  if (config.RETRAIN_WEBHOOK_URL === undefined) return null;
  const sender = createNoticeSender({
    url: config.RETRAIN_WEBHOOK_URL,
    secret: config.RETRAIN_WEBHOOK_SECRET,
    timeoutMs: TIMEOUT_MS,
  });
  const settings = {
    targetAccuracy: config.TARGET_ACCURACY,
    everyDays: config.RETRAIN_EVERY_DAYS,
    publicUrl: config.PUBLIC_URL,
    window: WINDOW,
    windows: config.WINDOWS,
  };
  return (now, fence) =>
    tellRetraining({ store, sender, random, meter, log }, settings, now, fence);
}
