import { createHttpShadow } from '../adapters/http-classifier/http-shadow.ts';
import type { Config } from '../config/parse-config.ts';
import type { Meter } from '../ports/meter.ts';
import { CANARY_PURPOSE, permanentRandomNumber } from '../select/permanent-random-number.ts';
import { createShadow } from '../shadow/create-shadow.ts';
import type { Shadow } from '../shadow/shadow.ts';
import type { Deployment } from './deployment.ts';
import type { Records } from './records.ts';
import type { Surroundings } from './surroundings.ts';

const DAY_MS = 86_400_000;
/** Nobody waits for it; a classifier that is slower than this takes nothing new for the shadow anyway. */
const TIMEOUT_MS = 20_000;

/** The second model as web asks it; null where SHADOW_MODEL_DIR names none. */
export function shadowOfUploads(
  config: Config,
  { classes, shadow }: Deployment,
  { store }: Records,
  { clock, log, meter }: Surroundings & { readonly meter: Meter },
): Shadow | null {
  if (shadow === null) return null;
  const classifier = createHttpShadow({
    baseUrl: config.CLASSIFIER_URL,
    timeoutMs: TIMEOUT_MS,
    classes,
    modelVersion: null,
  });
  const key = Buffer.from(config.SAMPLING_KEY);
  const made = createShadow({
    ...{ classifier, store, clock, log, meter },
    canaryShare: config.CANARY_SHARE,
    canaryNumber: (id) => permanentRandomNumber(key, id, CANARY_PURPOSE),
    flagHorizonMs: config.FLAG_HORIZON_DAYS * DAY_MS,
  });
  return {
    ...made,
    async stop() {
      await made.stop();
      classifier.close();
    },
  };
}
