import type { Settings } from './settings-schema.ts';

/** Settings that are right by themselves and can't be used together. @returns a sentence for each */
export function contradictions(settings: Settings): string[] {
  const faults: string[] = [];
  const shares = settings.SHARE_RANDOM + settings.SHARE_LOW_CONFIDENCE + settings.SHARE_DISPUTED;
  if (shares > 1 + 1e-9)
    faults.push(
      `SHARE_RANDOM + SHARE_LOW_CONFIDENCE + SHARE_DISPUTED is ${shares}: expected at most 1`,
    );
  if (settings.SHARE_RANDOM === 0)
    faults.push('SHARE_RANDOM=0: expected above 0, or nothing stands behind the accuracy');
  if (settings.STORE === 'redis' && settings.REDIS_URL === undefined)
    faults.push('STORE=redis needs REDIS_URL');
  if (settings.STORE === 'sqlite' && settings.REDIS_URL !== undefined)
    faults.push('REDIS_URL is set but STORE=sqlite: set STORE=redis or remove it');
  if (settings.OBJECTS === 's3' && settings.S3_BUCKET === undefined)
    faults.push('OBJECTS=s3 needs S3_BUCKET (and S3_ENDPOINT unless it is AWS)');
  if ((settings.AWS_ACCESS_KEY_ID === undefined) !== (settings.AWS_SECRET_ACCESS_KEY === undefined))
    faults.push('AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together: set both or neither');
  if (settings.RETENTION_DAYS < settings.FLAG_HORIZON_DAYS)
    faults.push(
      `RETENTION_DAYS=${settings.RETENTION_DAYS}: expected at least FLAG_HORIZON_DAYS (${settings.FLAG_HORIZON_DAYS})`,
    );
  if (settings.DEDUPLICATE && settings.REVEAL_PREDICTION === 'hard')
    faults.push(
      'DEDUPLICATE=true and REVEAL_PREDICTION=hard exclude each other: a random-sample prediction could join a task that shows the answer',
    );
  faults.push(...shadowFaults(settings));
  if (new Set(settings.SEGMENTS).size !== settings.SEGMENTS.length)
    faults.push('SEGMENTS names one segment twice');
  if (new Set(portsOf(settings)).size !== portsOf(settings).length)
    faults.push('WEB_PORT, CLASSIFIER_PORT and SYNC_PORT must differ');
  return faults;
}

function shadowFaults(settings: Settings): string[] {
  const { SHADOW_MODEL_DIR: dir, CANARY_SHARE: share } = settings;
  if (dir === undefined)
    return share > 0
      ? [`CANARY_SHARE=${share} needs SHADOW_MODEL_DIR: the model that gets the share`]
      : [];
  const faults: string[] = [];
  if (settings.CLASSIFIER_MODEL_VERSION !== undefined)
    faults.push(
      'CLASSIFIER_MODEL_VERSION and SHADOW_MODEL_DIR exclude each other: the answers of both models would have one version',
    );
  if (settings.CLASSES_FILE !== undefined && !settings.ROLES.includes('classifier'))
    faults.push(
      'SHADOW_MODEL_DIR and CLASSES_FILE exclude each other: without a classifier here, predictions are only reported',
    );
  return faults;
}

const portsOf = (settings: Settings): number[] => [
  settings.WEB_PORT,
  settings.CLASSIFIER_PORT,
  settings.SYNC_PORT,
];
