import assert from 'node:assert/strict';

import { parseConfig } from '../../src/config/parse-config.ts';
import { makeSecret, SECRET_NAMES } from '../../src/config/secrets.ts';
import { strangeSettings } from '../../src/config/strange-settings.ts';
import { ConfigInvalid } from '../../src/domain/errors.ts';

const secrets = Object.fromEntries(SECRET_NAMES.map((name) => [name, makeSecret(name)]));
const parse = (env: Record<string, string>): ReturnType<typeof parseConfig> =>
  parseConfig({ ...secrets, ...env });
const faultsOf = (env: Record<string, string>): string => {
  try {
    parse(env);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.message;
    throw error;
  }
  return '';
};

describe('settings', () => {
  it('need nothing but the secrets', () => {
    const config = parse({});
    assert.deepEqual(config.ROLES, ['web', 'classifier', 'sync']);
    assert.deepEqual(
      [config.WEB_PORT, config.CLASSIFIER_PORT, config.SYNC_PORT],
      [5000, 8000, 8081],
    );
    assert.equal(config.CLASSIFIER_URL, 'http://127.0.0.1:8000');
    assert.ok(Object.isFrozen(config));
  });

  it('that the machine decides stay open', () => {
    const { QUEUE_LIMIT, CLASSIFIER_WORKERS, LOW_CONFIDENCE_THRESHOLD } = parse({});
    assert.deepEqual(
      [QUEUE_LIMIT, CLASSIFIER_WORKERS, LOW_CONFIDENCE_THRESHOLD],
      [undefined, undefined, undefined],
    );
  });

  it('addresses follow the ports', () => {
    const config = parse({ WEB_PORT: '5001', SYNC_PORT: '8181', LABEL_STUDIO_PORT: '8180' });
    assert.equal(config.PUBLIC_URL, 'http://127.0.0.1:5001');
    assert.equal(config.WEBHOOK_URL, 'http://127.0.0.1:8181/webhooks/label-studio');
    assert.deepEqual(config.ALLOWED_LABEL_STUDIO_ORIGINS, [
      'http://127.0.0.1:8180',
      'http://localhost:8180',
    ]);
  });

  it('every fault is told at once, with its value and its rule', () => {
    const message = faultsOf({ WEB_PORT: '99999', STORE: 'mongo', WINDOWS: '1h,soon' });
    assert.match(message, /WEB_PORT=99999: expected a port, 1 to 65535/);
    assert.match(message, /STORE=mongo/);
    assert.match(message, /WINDOWS=1h,soon/);
  });

  it('a schedule that is none is a fault like any other', () => {
    const message = faultsOf({ SYNC_CRON: 'nope', WEB_PORT: 'abc', WINDOWS: '5x' });
    assert.match(message, /SYNC_CRON=nope: expected a cron expression/);
    assert.match(message, /WEB_PORT=abc: expected a port/);
    assert.match(message, /WINDOWS=5x: expected hours, days or all/);
  });

  it('the value of a secret is never told', () => {
    const message = faultsOf({ OPS_KEY: 'too-short-key' });
    assert.match(message, /OPS_KEY=\(hidden\)/);
    assert.doesNotMatch(message, /too-short-key/);
  });

  it('the retraining service is told at its address as it is written, without a user or password', () => {
    const RETRAIN_WEBHOOK_URL = 'https://retrain.example/hooks/7/';
    assert.equal(parse({ RETRAIN_WEBHOOK_URL }).RETRAIN_WEBHOOK_URL, RETRAIN_WEBHOOK_URL);
    const message = faultsOf({ RETRAIN_WEBHOOK_URL: 'https://ann:open-sesame@retrain.example/' });
    assert.match(
      message,
      /RETRAIN_WEBHOOK_URL=\(hidden\): expected an http or https address without a user or password/,
    );
    assert.doesNotMatch(message, /open-sesame/);
    assert.match(faultsOf({ RETRAIN_WEBHOOK_URL: 'nope' }), /^.*\n {2}RETRAIN_WEBHOOK_URL=.*$/);
  });

  it('half a choice is refused: Redis without its address, S3 without its bucket, shares above 1', () => {
    assert.match(faultsOf({ STORE: 'redis' }), /STORE=redis needs REDIS_URL/);
    assert.match(faultsOf({ OBJECTS: 's3' }), /OBJECTS=s3 needs S3_BUCKET/);
    assert.match(faultsOf({ SHARE_RANDOM: '0.9' }), /SHARE_RANDOM \+ .* expected at most 1/);
  });

  it('copies of a photo may not join tasks that show the answer', () => {
    assert.equal(parse({}).DEDUPLICATE, false);
    assert.equal(parse({ DEDUPLICATE: 'true' }).DEDUPLICATE, true);
    assert.match(
      faultsOf({ DEDUPLICATE: 'true', REVEAL_PREDICTION: 'hard' }),
      /DEDUPLICATE=true and REVEAL_PREDICTION=hard exclude each other/,
    );
  });

  it('a canary needs a second model, and a second model its own version and a classifier', () => {
    assert.match(faultsOf({ CANARY_SHARE: '0.05' }), /CANARY_SHARE=0.05 needs SHADOW_MODEL_DIR/);
    const SHADOW_MODEL_DIR = 'models/next';
    assert.equal(parse({ SHADOW_MODEL_DIR, CANARY_SHARE: '0.05' }).CANARY_SHARE, 0.05);
    assert.match(faultsOf({ SHADOW_MODEL_DIR, CANARY_SHARE: '2' }), /CANARY_SHARE=2: expected/);
    assert.match(
      faultsOf({ SHADOW_MODEL_DIR, CLASSIFIER_MODEL_VERSION: 'v1' }),
      /CLASSIFIER_MODEL_VERSION and SHADOW_MODEL_DIR exclude each other/,
    );
    const reporting = { SHADOW_MODEL_DIR, CLASSES_FILE: 'classes.json', ROLES: 'web,sync' };
    assert.match(faultsOf(reporting), /SHADOW_MODEL_DIR and CLASSES_FILE exclude each other/);
  });

  it('an empty value counts as not set', () => {
    assert.equal(parse({ WEB_PORT: '' }).WEB_PORT, 5000);
  });

  it('a name in .env that is no setting is told, with the one that was probably meant', () => {
    assert.deepEqual(strangeSettings(['WEB_PORT', 'LABEL_STUDIO_VENV', 'AWS_PROFILE', 'TZ']), []);
    const [misspelt, unknown] = strangeSettings(['WEBPORT', 'SOMETHING_ELSE']);
    assert.match(misspelt ?? '', /WEBPORT is no setting and not used; is WEB_PORT meant\?/);
    assert.match(unknown ?? '', /SOMETHING_ELSE is no setting and not used$/);
  });
});
