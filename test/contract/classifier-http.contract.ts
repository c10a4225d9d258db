import assert from 'node:assert/strict';

import { unmetered } from '../../scripts/records/unmetered.ts';
import {
  createHttpClassifier,
  type HttpClassifier,
} from '../../src/adapters/http-classifier/http-classifier.ts';
import { UploadRejected } from '../../src/domain/errors.ts';

/** A classifier that listens somewhere. */
export interface ClassifierService {
  readonly url: string;
  readonly classes: readonly string[];
  /** An image that it can classify. */
  readonly image: Buffer;
  readonly stop: () => Promise<void>;
}

/**
 * What web relies on, and what boards for such services ask for: any service that keeps to this
 * can stand at CLASSIFIER_URL.
 */
export function describeClassifierService(
  name: string,
  start: () => Promise<ClassifierService>,
): void {
  describe(`the classifier service: ${name}`, function () {
    this.timeout(600_000);
    let service: ClassifierService;
    let classifier: HttpClassifier;
    before(async () => {
      service = await start();
      classifier = createHttpClassifier({
        baseUrl: service.url,
        classes: service.classes,
        modelVersion: null,
        timeoutMs: 10_000,
        clock: { now: () => Date.now() },
        meter: unmetered,
      });
    });
    after(async () => {
      classifier.close();
      await service.stop();
    });

    const post = (body: unknown): Promise<Response> =>
      fetch(`${service.url}/predict`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'Content-Type': 'application/json' },
      });
    const series = async (name: string): Promise<number> => {
      const text = await (await fetch(`${service.url}/metrics`)).text();
      const lines = text.split('\n').filter((line) => /^[^{ ]+/.exec(line)?.[0] === name);
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    };

    it('answers an image with a class of the deployment and its probability', async () => {
      const { predictedClass, confidence } = await classifier.classify(service.image);
      assert.ok(service.classes.includes(predictedClass));
      assert.ok(confidence >= 1 / service.classes.length - 1e-6 && confidence <= 1);
    });
    it('answers the same image with the same numbers', async () => {
      const answers = [
        await classifier.classify(service.image),
        await classifier.classify(service.image),
      ];
      assert.deepEqual(answers[0], answers[1]);
    });
    it('answers several at a time', async () => {
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => classifier.classify(service.image)),
      );
      assert.equal(new Set(answers.map(({ predictedClass }) => predictedClass)).size, 1);
    });
    it('refuses what is no image', async () => {
      await assert.rejects(classifier.classify(Buffer.from('just words')), UploadRejected);
    });
    it('is ready', async () => {
      assert.equal(await classifier.isReady(), true);
    });
    it('answers 422 to an object without image and says where it is missing', async () => {
      const response = await post({});
      assert.equal(response.status, 422);
      const { detail } = (await response.json()) as { detail: { type: string; loc: string[] }[] };
      assert.deepEqual([detail[0]?.type, detail[0]?.loc], ['missing', ['body', 'image']]);
    });
    it('answers 400 with a reason to what is no base64', async () => {
      const response = await post({ image: 'A' });
      assert.equal(response.status, 400);
      assert.equal(typeof ((await response.json()) as { detail: unknown }).detail, 'string');
    });
    it('does not mind a field that it does not know', async () => {
      const image = service.image.toString('base64');
      assert.equal((await post({ image, session: 'x' })).status, 200);
    });
    it('counts requests, confidences and classes under the names that boards ask for', async () => {
      const names = [
        'http_requests_total',
        'http_request_duration_seconds_count',
        'http_request_duration_highr_seconds_count',
        'prediction_confidence_count',
        'prediction_confidence_sum',
        'predicted_class_total',
      ];
      const before = await Promise.all(names.map(series));
      await classifier.classify(service.image);
      for (const [index, name] of names.entries())
        assert.ok((await series(name)) > (before[index] ?? 0), name);
      const text = await (await fetch(`${service.url}/metrics`)).text();
      const predicted = text
        .split('\n')
        .filter((line) => line.startsWith('http_requests_total{'))
        .filter((line) =>
          ['handler="/predict"', 'method="POST"', 'status="2xx"'].every((l) => line.includes(l)),
        );
      assert.equal(predicted.length, 1);
    });
  });
}
