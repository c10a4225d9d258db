import assert from 'node:assert/strict';

import { plain } from '../adapters/onnx/tiny-model.ts';
import { runClassifier, type RunningClassifier } from './running-classifier.ts';

describe('the rate limit of the classifier', function () {
  this.timeout(30_000);
  let now = 0;
  let classifier: RunningClassifier;
  let image: Buffer;
  before(async () => {
    image = await plain('#ff0000');
    const clock = { now: () => now };
    classifier = await runClassifier({ rateLimit: { perMinute: 3, clock, trustProxy: 1 } });
  });
  after(() => classifier.stop());

  const askFrom = async (client: string | null): Promise<Response> =>
    fetch(`${classifier.url}/predict`, {
      method: 'POST',
      body: new Uint8Array(image),
      headers: {
        'Content-Type': 'image/jpeg',
        ...(client === null ? {} : { 'X-Forwarded-For': client }),
      },
    });

  it('answers 429 with Retry-After to a client that asks too often, and only to that one', async () => {
    for (let count = 0; count < 3; count++)
      assert.equal((await askFrom('203.0.113.7')).status, 200);
    const refused = await askFrom('203.0.113.7');
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '20']);
    assert.equal((await askFrom('203.0.113.8')).status, 200);
    assert.equal(
      await classifier.metric('truthloop_predict_rejected_total{reason="rate_limit"}'),
      1,
    );
    now += 20_000;
    assert.equal((await askFrom('203.0.113.7')).status, 200);
  });
  it('counts by the address that the trusted proxy saw, not by one that the client made up', async () => {
    now += 60_000;
    const answers: number[] = [];
    for (const invented of ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'])
      answers.push((await askFrom(`${invented}, 203.0.113.9`)).status);
    assert.deepEqual(answers, [200, 200, 200, 429]);
  });
  it('is never applied to loopback', async () => {
    for (let count = 0; count < 5; count++) assert.equal((await askFrom(null)).status, 200);
  });
});
