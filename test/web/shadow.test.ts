import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

import { unmetered } from '../../scripts/records/unmetered.ts';
import {
  createHttpShadow,
  type HttpShadow,
} from '../../src/adapters/http-classifier/http-shadow.ts';
import { StoreUnavailable } from '../../src/domain/errors.ts';
import { modelVersion, type PredictionId } from '../../src/domain/ids.ts';
import type { PredictionStore } from '../../src/ports/store/prediction-store.ts';
import { createShadow } from '../../src/shadow/create-shadow.ts';
import type { Shadow } from '../../src/shadow/shadow.ts';
import { plain, silentLog } from '../adapters/onnx/tiny-model.ts';
import { CLASSES, startTestWeb, SURE, type TestWeb } from './start-test-web.ts';

const OTHER = {
  prediction: 'square',
  probability: 0.8,
  probabilities: { circle: 0.1, square: 0.8, 'star & <moon>': 0.1 },
  model_version: 'shapes-2',
};

/** What the second model does with a request. */
type Behaviour = (request: http.IncomingMessage, response: http.ServerResponse) => void;

const answers: Behaviour = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(OTHER));
};
const isBusy: Behaviour = (_request, response) => {
  response.writeHead(503, { 'Retry-After': '1' }).end('{"detail": "Other answers come first."}');
};
const crashes: Behaviour = (request) => {
  request.socket.destroy();
};
const hangs: Behaviour = () => undefined;

describe('the second model, as uploads meet it', function () {
  this.timeout(30_000);
  let photo: Buffer;
  let server: http.Server;
  let behaviour: Behaviour;
  let asked: string[];
  let classifier: HttpShadow;
  let shadow: Shadow;
  let web: TestWeb;
  let recorded: Parameters<PredictionStore['recordShadowAnswer']>[0][];
  let counted: string[];
  let logged: string[];
  let hasStore: boolean;
  before(async () => {
    photo = await plain('#ff0000');
    server = http.createServer((request, response) => {
      asked.push(request.url ?? '');
      request.resume();
      request.once('end', () => {
        behaviour(request, response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  afterEach(async () => {
    server.closeAllConnections();
    await shadow.stop();
    classifier.close();
    await web.stop();
  });

  /** @param share of the canary; every id draws 0.5 */
  async function start(first: Behaviour, share = 0): Promise<void> {
    [behaviour, asked, recorded, counted, logged] = [first, [], [], [], []];
    hasStore = true;
    classifier = createHttpShadow({
      baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      timeoutMs: 5000,
      classes: CLASSES,
      modelVersion: null,
    });
    shadow = createShadow({
      classifier,
      store: {
        recordShadowAnswer: (answer, flagHorizonMs) => {
          if (!hasStore) return Promise.reject(new StoreUnavailable('The store is away.'));
          recorded.push(answer);
          return web.store.recordShadowAnswer(answer, flagHorizonMs);
        },
      },
      clock: { now: () => web.time.now },
      meter: {
        ...unmetered,
        increment: (name, labels) => counted.push(`${name} ${labels?.['result'] ?? ''}`),
      },
      log: {
        ...silentLog,
        warn: (_fields, event) => logged.push(event),
        info: (_fields, event) => logged.push(event),
      },
      canaryShare: share,
      canaryNumber: () => 0.5,
      flagHorizonMs: 7 * 86_400_000,
    });
    web = await startTestWeb({ options: { shadow } });
  }
  const count = (what: string): number => counted.filter((one) => one === what).length;
  const shadowAnswers = (result: string): number =>
    count(`truthloop_shadow_answers_total ${result}`);
  const canaryAnswers = (result: string): number =>
    count(`truthloop_canary_answers_total ${result}`);
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const upload = async (): Promise<{ id: PredictionId; model_version: string }> => {
    const response = await web.upload(photo);
    assert.equal(response.status, 200);
    return (await response.json()) as { id: PredictionId; model_version: string };
  };

  it('is asked after the answer, and what it says is recorded with the prediction', async () => {
    await start(answers);
    const { id, model_version } = await upload();
    assert.equal(model_version, SURE.model_version);
    await until(() => shadowAnswers('recorded') === 1);
    assert.deepEqual(asked, ['/shadow/predict?served_by=shapes-1']);
    assert.deepEqual(recorded, [
      { id, modelVersion: 'shapes-2', predictedClass: 'square', confidence: 0.8, at: web.time.now },
    ]);
    assert.equal(
      await web.store.recordShadowAnswer({ ...recorded[0]!, predictedClass: 'circle' }, 1),
      'already_recorded',
    );
  });

  it('delays no answer while it hangs: a few are under way, the others are dropped', async () => {
    await start(hangs);
    for (let count = 0; count < 7; count++) await upload();
    await until(() => shadowAnswers('dropped') === 3);
    assert.equal(asked.length, 4);
    behaviour = answers;
    server.closeAllConnections();
    await until(() => shadowAnswers('failed') === 4);
    await upload();
    await until(() => shadowAnswers('recorded') === 1);
    assert.deepEqual(logged, ['shadow fails', 'shadow answers again']);
  });

  it('fails no answer when it crashes, answers nonsense, or its answer can not be recorded', async () => {
    const nonsense: Behaviour = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"prediction": "cow"}');
    };
    await start(crashes);
    await upload();
    await until(() => shadowAnswers('failed') === 1);
    behaviour = nonsense;
    await upload();
    await until(() => shadowAnswers('failed') === 2);
    [behaviour, hasStore] = [answers, false];
    await upload();
    await until(() => shadowAnswers('failed') === 3);
    assert.deepEqual(logged, ['shadow fails']);
  });

  it('is dropped when its prediction was erased meanwhile', async () => {
    await start(hangs);
    const { id } = await upload();
    await until(() => asked.length === 1);
    await web.store.erasePrediction(id, web.time.now);
    behaviour = answers;
    shadow.askOther({ id, modelVersion: modelVersion('shapes-1') }, photo);
    await until(() => shadowAnswers('dropped') === 1);
  });

  it('is dropped, and no failure, when other answers come first', async () => {
    await start(isBusy);
    await upload();
    await until(() => shadowAnswers('dropped') === 1);
    assert.deepEqual(logged, []);
  });

  it('is not asked about what was recorded before', async () => {
    await start(answers);
    const headers = { 'Idempotency-Key': 'once', Accept: 'application/json' };
    await web.upload(photo, headers);
    await until(() => shadowAnswers('recorded') === 1);
    const again = await web.upload(photo, headers);
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    await upload();
    await until(() => shadowAnswers('recorded') === 2);
    assert.equal(asked.length, 2);
  });

  it('holds up no stop: what does not end soon is dropped, and nothing new is begun', async () => {
    await start(hangs);
    await upload();
    await until(() => asked.length === 1);
    await shadow.stop();
    assert.equal(shadowAnswers('dropped'), 1);
    await upload();
    await until(() => shadowAnswers('dropped') === 2);
    assert.equal(asked.length, 1);
  });

  describe('as the canary', () => {
    it('answers its share for real, and the model in service is the one asked beside', async () => {
      await start(answers, 0.6);
      const { id, model_version } = await upload();
      assert.equal(model_version, 'shapes-2');
      assert.equal((await web.store.findPrediction(id))?.modelVersion, 'shapes-2');
      await until(() => asked.length === 2);
      assert.deepEqual(asked, ['/canary/predict', '/shadow/predict?served_by=shapes-2']);
      assert.equal(canaryAnswers('served'), 1);
      assert.equal(web.server.asked.length, 0);
    });

    it('answers nothing else', async () => {
      await start(answers, 0.5);
      assert.equal((await upload()).model_version, 'shapes-1');
      assert.deepEqual(
        asked.filter((url) => url.startsWith('/canary')),
        [],
      );
    });

    it('loses no request when it is busy, crashes or hangs: the model in service answers', async () => {
      await start(isBusy, 1);
      for (const next of [isBusy, crashes, hangs]) {
        behaviour = next;
        assert.equal((await upload()).model_version, 'shapes-1');
      }
      assert.deepEqual([canaryAnswers('busy'), canaryAnswers('failed')], [1, 2]);
    });

    it('is left in peace once it failed three times in a row', async () => {
      await start(crashes, 1);
      for (let count = 0; count < 5; count++)
        assert.equal((await upload()).model_version, 'shapes-1');
      assert.equal(asked.filter((url) => url.startsWith('/canary')).length, 3);
      assert.equal(canaryAnswers('failed'), 5);
    });
  });
});
