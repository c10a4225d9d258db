import assert from 'node:assert/strict';

import { unmetered } from '../../../scripts/records/unmetered.ts';
import {
  createHttpClassifier,
  type HttpClassifier,
} from '../../../src/adapters/http-classifier/http-classifier.ts';
import { ClassifierUnavailable, Overloaded, UploadRejected } from '../../../src/domain/errors.ts';
import type { Meter } from '../../../src/ports/meter.ts';
import { type ClassifierServer, startClassifierServer } from './classifier-server.ts';

const IMAGE = Buffer.from('an image');
const ANSWER = {
  prediction: 'circle',
  probability: 0.75,
  probabilities: { circle: 0.75, square: 0.25 },
  model_version: 'shapes-1',
};

describe('the classifier over HTTP', () => {
  let server: ClassifierServer;
  let classifier: HttpClassifier;
  let counted: string[];

  const meter: Meter = {
    ...unmetered,
    increment: (name, labels) => {
      counted.push(`${name} ${Object.values(labels ?? {}).join(' ')}`);
    },
  };
  const connect = (modelVersion: string | null = null, baseUrl = server.url): HttpClassifier =>
    createHttpClassifier({
      baseUrl,
      modelVersion,
      classes: ['circle', 'square'],
      timeoutMs: 2000,
      clock: { now: () => Date.now() },
      meter,
    });

  beforeEach(async () => {
    counted = [];
    server = await startClassifierServer({ status: 200, body: ANSWER });
    classifier = connect();
  });
  afterEach(async () => {
    classifier.close();
    await server.stop();
  });

  it('sends the image as base64 and reads the whole answer', async () => {
    assert.deepEqual(await classifier.classify(IMAGE), {
      predictedClass: 'circle',
      confidence: 0.75,
      probabilities: { circle: 0.75, square: 0.25 },
      modelVersion: 'shapes-1',
    });
    assert.deepEqual(server.asked, [{ image: IMAGE.toString('base64') }]);
    assert.deepEqual(counted, ['truthloop_dependency_requests_total classifier classify success']);
  });

  it('takes a server that answers only prediction and probability', async () => {
    server.answerWith({ status: 200, body: { prediction: 'square', probability: 0.5 } });
    assert.deepEqual(await classifier.classify(IMAGE), {
      predictedClass: 'square',
      confidence: 0.5,
      probabilities: null,
      modelVersion: 'unversioned',
    });
  });

  it('lets the configured model version go before the one in the answer', async () => {
    const named = connect('ours-7');
    assert.equal((await named.classify(IMAGE)).modelVersion, 'ours-7');
    named.close();
  });

  it('keeps its connection from one image to the next', async () => {
    for (let index = 0; index < 5; index++) await classifier.classify(IMAGE);
    assert.equal(server.connections(), 1);
  });

  it('asks once more when the kept connection was closed meanwhile', async () => {
    await classifier.classify(IMAGE);
    server.dropConnections();
    assert.equal((await classifier.classify(IMAGE)).predictedClass, 'circle');
  });

  for (const [status, reason] of [
    [400, 'corrupt'],
    [413, 'bytes'],
    [415, 'type'],
    [422, 'corrupt'],
  ] as const)
    it(`says that the image was refused (${reason}) when the server answers ${status}`, async () => {
      server.answerWith({ status, body: { detail: 'no image in it' } });
      await assert.rejects(
        classifier.classify(IMAGE),
        (error) =>
          error instanceof UploadRejected &&
          error.reason === reason &&
          error.message.includes('no image in it'),
      );
      assert.match(counted[0]!, /success$/);
    });

  it('passes on that the server is full, with the time to wait', async () => {
    server.answerWith({ status: 503, body: {}, headers: { 'Retry-After': '7' } });
    await assert.rejects(
      classifier.classify(IMAGE),
      (error) => error instanceof Overloaded && error.retryAfterSeconds === 7,
    );
  });

  for (const [what, status, body] of [
    ['a fault of the server', 500, {}],
    ['a wrong address', 404, {}],
    ['a redirect', 302, {}],
    ['no JSON', 200, '<html>'],
    ['no prediction', 200, { probability: 1 }],
    ['a probability above 1', 200, { prediction: 'circle', probability: 1.2 }],
    ['a class of another deployment', 200, { prediction: 'Bread', probability: 0.9 }],
    [
      'probabilities that do not sum to 1',
      200,
      { ...ANSWER, probabilities: { circle: 0.9, square: 0.9 } },
    ],
  ] as const)
    it(`calls ${what} an unavailable classifier`, async () => {
      server.answerWith({ status, body });
      await assert.rejects(classifier.classify(IMAGE), ClassifierUnavailable);
      assert.match(counted[0]!, /failure$/);
    });

  it('calls a server that is not there an unavailable classifier, and not ready', async () => {
    const { url } = server;
    await server.stop();
    const alone = connect(null, url);
    await assert.rejects(alone.classify(IMAGE), ClassifierUnavailable);
    assert.equal(await alone.isReady(), false);
    alone.close();
  });

  it('takes a server without a readiness route as ready', async () => {
    assert.equal(await classifier.isReady(), true);
  });

  it('is left in peace after six failures in a row, and asked again by itself', async () => {
    server.answerWith({ status: 500, body: {} });
    for (let call = 0; call < 6; call++)
      await assert.rejects(classifier.classify(IMAGE), ClassifierUnavailable);
    await assert.rejects(classifier.classify(IMAGE), /was not asked/);
    assert.equal(server.asked.length, 6);
    server.answerWith({ status: 200, body: ANSWER });
    const isServed = (): Promise<boolean> =>
      classifier.classify(IMAGE).then(
        () => true,
        () => false,
      );
    while (!(await isServed())) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(server.asked.length, 7);
  });

  it('is asked on where it only refuses images or has too much to do', async () => {
    for (const status of [422, 503]) {
      server.answerWith({ status, body: {} });
      for (let call = 0; call < 7; call++) await assert.rejects(classifier.classify(IMAGE));
    }
    assert.equal(server.asked.length, 14);
  });
});
