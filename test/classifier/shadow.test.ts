import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';

import { StoreUnavailable } from '../../src/domain/errors.ts';
import { plain, slowImage, TINY_MODEL } from '../adapters/onnx/tiny-model.ts';
import { mixUpModel } from '../servers/mixed-up-model.ts';
import { temporaryFolder } from '../servers/server.ts';
import { OPS_KEY, runClassifier, type RunningClassifier } from './running-classifier.ts';

const MAIN = 'tiny-dcd4efdc4091';
const SHADOW = 'mixed-up';

interface Answer {
  readonly prediction: string;
  readonly model_version: string;
  readonly detail: unknown;
}

describe('a model beside the one in service', function () {
  this.timeout(60_000);
  let shadowDir: string;
  let classifier: RunningClassifier;
  let red: Buffer;
  let slow: Buffer;
  before(async () => {
    shadowDir = temporaryFolder('shadow-model');
    mixUpModel(TINY_MODEL, shadowDir, SHADOW);
    [red, slow] = await Promise.all([plain('#ff0000'), slowImage()]);
  });
  // What waits behind a slow picture is to be answered, however slow the machine is.
  const deadlineMs = 60_000;
  beforeEach(async () => (classifier = await runClassifier({ shadowDir, deadlineMs })));
  afterEach(() => classifier.stop());
  after(() => {
    rmSync(shadowDir, { recursive: true, force: true });
  });

  const ask = async (
    path: string,
    image: Buffer = red,
  ): Promise<{ readonly status: number; readonly answer: Answer }> => {
    const response = await fetch(`${classifier.url}${path}`, {
      method: 'POST',
      body: new Uint8Array(image),
      headers: { 'Content-Type': 'image/jpeg' },
    });
    return { status: response.status, answer: (await response.json()) as Answer };
  };
  const said = async (path: string): Promise<[string, string]> => {
    const { status, answer } = await ask(path);
    assert.equal(status, 200, JSON.stringify(answer));
    return [answer.prediction, answer.model_version];
  };
  const promote = (version: unknown, key = OPS_KEY): Promise<Response> =>
    fetch(`${classifier.url}/models/serving`, {
      method: 'PUT',
      body: JSON.stringify({ version }),
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${key}` },
    });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  };
  const shadowPool = (): NonNullable<RunningClassifier['shadowPool']> => {
    assert.ok(classifier.shadowPool !== null);
    return classifier.shadowPool;
  };

  it('answers by its own order of the classes, as canary and as shadow', async () => {
    assert.deepEqual(await said('/predict'), ['red', MAIN]);
    assert.deepEqual(await said('/canary/predict'), ['green', SHADOW]);
    assert.deepEqual(await said('/shadow/predict'), ['green', SHADOW]);
  });

  it('lets the model answer that did not, whichever that is', async () => {
    assert.deepEqual(await said(`/shadow/predict?served_by=${MAIN}`), ['green', SHADOW]);
    assert.deepEqual(await said(`/shadow/predict?served_by=${SHADOW}`), ['red', MAIN]);
    for (const query of ['served_by=other', 'served_by=', `served_by=${MAIN}&served_by=${SHADOW}`])
      assert.equal((await ask(`/shadow/predict?${query}`)).status, 422, query);
  });

  it('counts only what the model in service answers', async () => {
    await said('/canary/predict');
    await said('/shadow/predict');
    assert.equal(await classifier.metric('prediction_confidence_count'), 0);
    await said('/predict');
    assert.equal(await classifier.metric('predicted_class_total{class_name="red"}'), 1);
    assert.equal(await classifier.metric('prediction_confidence_count'), 1);
  });

  it('is refused while an answer that somebody waits for waits itself, and the refusal is none of the service', async () => {
    const { pool } = classifier;
    const waited = [ask('/predict', slow), ask('/predict', slow)];
    await until(() => pool.load().queued === 1);
    assert.equal((await ask('/shadow/predict')).status, 503);
    assert.equal((await ask('/canary/predict')).status, 200);
    for (const { status } of await Promise.all(waited)) assert.equal(status, 200);
    const refused = 'truthloop_predict_rejected_total{reason="queue_full"}';
    assert.equal(await classifier.metric(refused), 0);
  });

  it('is refused while more workers of the service are busy than idle', async () => {
    await classifier.stop();
    classifier = await runClassifier({ shadowDir, deadlineMs, workers: 3 });
    const { pool } = classifier;
    const first = ask('/predict', slow);
    await until(() => pool.load().running === 1);
    assert.equal((await ask('/shadow/predict')).status, 200);
    const others = [ask('/predict', slow), ask('/predict', slow), ask('/predict', slow)];
    await until(() => pool.load().running >= 2);
    assert.equal((await ask('/shadow/predict')).status, 503);
    for (const { status } of await Promise.all([first, ...others])) assert.equal(status, 200);
  });

  it('lets few wait that nobody waits for, and leaves the queue to canaries', async () => {
    const asked = Array.from({ length: 3 }, () => ask('/shadow/predict', slow));
    await until(() => shadowPool().load().queued === 2);
    const [shadow, canary] = await Promise.all([ask('/shadow/predict'), ask('/canary/predict')]);
    assert.deepEqual([shadow.status, canary.status], [503, 200]);
    for (const { status } of await Promise.all(asked)) assert.equal(status, 200);
  });

  it('never waits for a worker of the model in service', async () => {
    const { pool } = classifier;
    const waited = ask('/predict', slow);
    await until(() => pool.load().running === 1);
    assert.equal((await ask(`/shadow/predict?served_by=${SHADOW}`)).status, 503);
    assert.equal((await waited).status, 200);
  });

  it('is no reason for the service to be unwell when its worker dies', async () => {
    const asked = ask('/shadow/predict', slow);
    await until(() => shadowPool().load().running === 1);
    shadowPool().killWorkers();
    assert.equal((await asked).status, 503);
    assert.equal((await fetch(`${classifier.url}/readyz`)).status, 200);
    assert.deepEqual(await said('/predict'), ['red', MAIN]);
    await until(() => shadowPool().load().isReady);
    assert.deepEqual(await said('/shadow/predict'), ['green', SHADOW]);
  });

  it('is told apart by who asks', async () => {
    const info = (series: string, version: string): Promise<number | undefined> =>
      classifier.metric(`${series}{model="tiny",model_version="${version}",sha8="dcd4efdc"}`);
    assert.equal(await info('truthloop_model_info', MAIN), 1);
    assert.equal(await info('truthloop_shadow_model_info', SHADOW), 1);
    assert.equal((await promote(SHADOW)).status, 200);
    assert.equal(await info('truthloop_model_info', SHADOW), 1);
    assert.equal(await info('truthloop_model_info', MAIN), undefined);
    assert.equal(await info('truthloop_shadow_model_info', MAIN), 1);
    const page = await (await fetch(`${classifier.url}/docs`)).text();
    assert.ok(page.includes(SHADOW) && !page.includes(MAIN));
  });

  describe('promoted', () => {
    it('serves, with the other one as its shadow; and back', async () => {
      assert.equal((await promote(SHADOW)).status, 200);
      assert.deepEqual(await said('/predict'), ['green', SHADOW]);
      assert.deepEqual(await said('/canary/predict'), ['red', MAIN]);
      assert.deepEqual(await said('/shadow/predict'), ['red', MAIN]);
      const answer = (await (await promote(MAIN)).json()) as { serving: string };
      assert.equal(answer.serving, MAIN);
      assert.deepEqual(await said('/predict'), ['red', MAIN]);
      assert.deepEqual(classifier.kept, [SHADOW, MAIN]);
    });

    it('says who is here and who serves', async () => {
      await promote(SHADOW);
      const answer = (await (await fetch(`${classifier.url}/models`)).json()) as {
        serving: string;
        models: { setting: string; version: string }[];
      };
      assert.equal(answer.serving, SHADOW);
      assert.deepEqual(
        answer.models.map(({ setting, version }) => [setting, version]),
        [
          ['SHADOW_MODEL_DIR', SHADOW],
          ['MODEL_DIR', MAIN],
        ],
      );
    });

    it('answers what the former workers have begun', async () => {
      const { pool } = classifier;
      const begun = [ask('/predict', slow), ask('/predict', slow)];
      await until(() => pool.load().queued === 1);
      assert.equal((await promote(SHADOW)).status, 200);
      for (const { status, answer } of await Promise.all(begun))
        assert.deepEqual([status, answer.model_version], [200, MAIN]);
    });

    it('does nothing when it serves already, also when it is asked twice at once', async () => {
      const statuses = await Promise.all([promote(SHADOW), promote(SHADOW), promote(SHADOW)]);
      assert.deepEqual(
        statuses.map(({ status }) => status),
        [200, 200, 200],
      );
      assert.deepEqual(classifier.kept, [SHADOW]);
    });

    it('is refused without the key, and to a version that no model here has', async () => {
      assert.equal((await promote(SHADOW, 'another-key')).status, 401);
      assert.equal((await promote('another')).status, 404);
      for (const version of [7, '', null]) assert.equal((await promote(version)).status, 422);
      assert.deepEqual(await said('/predict'), ['red', MAIN]);
      assert.deepEqual(classifier.kept, []);
    });
  });

  it('keeps the roles when they can not be kept for the next start', async () => {
    await classifier.stop();
    const keep = (): Promise<void> => Promise.reject(new StoreUnavailable('The disk is full.'));
    classifier = await runClassifier({ shadowDir, keep });
    const response = await promote(SHADOW);
    const { detail } = (await response.json()) as { detail: string };
    assert.deepEqual([response.status, detail], [503, 'The disk is full.']);
    assert.deepEqual(await said('/predict'), ['red', MAIN]);
    assert.deepEqual(await said('/shadow/predict'), ['green', SHADOW]);
  });
});

describe('a classifier without a shadow', function () {
  this.timeout(30_000);
  it('answers 404 where one would be asked, and knows its own model', async () => {
    const classifier = await runClassifier();
    const red = new Uint8Array(await plain('#ff0000'));
    for (const path of ['/canary/predict', '/shadow/predict'])
      assert.equal((await fetch(classifier.url + path, { method: 'POST', body: red })).status, 404);
    const { models } = (await (await fetch(`${classifier.url}/models`)).json()) as {
      models: unknown[];
    };
    assert.equal(models.length, 1);
    await classifier.stop();
  });
});
