import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';

import sharp from 'sharp';

import { predictionId } from '../../src/domain/ids.ts';
import { photo } from './photos.ts';
import { INGEST, PAGE, photoForm, startTestWeb, SURE, type TestWeb } from './start-test-web.ts';

interface Answered {
  id: string;
  prediction: string;
  probability: number;
  probabilities: Record<string, number>;
  model_version: string;
  image_url: string;
}
const json = async <T>(response: Response): Promise<T> => (await response.json()) as T;
const code = async (response: Response): Promise<string> =>
  (await json<{ error: { code: string } }>(response)).error.code;

describe('uploading a photo', () => {
  let web: TestWeb;
  beforeEach(async () => {
    web = await startTestWeb();
  });
  afterEach(() => web.stop());

  it('answers programs with the prediction, and records it under the policy in force', async () => {
    const response = await web.upload(await photo());
    assert.equal(response.status, 200);
    const { id, image_url, ...answer } = await json<Answered>(response);
    assert.deepEqual(answer, SURE);
    assert.match(image_url, new RegExp(`^http://truthloop.test/images/${id}\\?exp=\\d+&sig=`));
    const stored = await web.store.findPrediction(predictionId(id));
    assert.equal(stored?.predictedClass, 'circle');
    assert.equal(stored.policyId, 'first');
    assert.deepEqual(stored.rates, { random: 0.6, lowConfidence: 0, disputed: 1, spare: 1 });
    assert.equal(stored.at, web.time.now);
    assert.equal(stored.isLowConfidence, false);
  });

  it('shows browsers the answer on a page that can be loaded again', async () => {
    const response = await web.upload(await photo(), PAGE);
    assert.equal(response.status, 303);
    const page = await web.get(response.headers.get('location')!, PAGE);
    const html = await page.text();
    assert.match(html, /This looks like <strong>circle<\/strong>/);
    for (const words of ['This is right', 'This is wrong', 'It is really', '90\u00a0%', '6\u00a0%'])
      assert.ok(html.includes(words), words);
    assert.ok(html.includes('star &amp; &lt;moon&gt;'), 'class names are escaped');
    const picture = /src="(\/images\/[^"]+)"/.exec(html)![1]!.replaceAll('&amp;', '&');
    assert.equal((await web.get(picture)).status, 200);
  });

  it('is honest about an answer below the threshold, and marks it low-confidence', async () => {
    web.server.answerWith({ status: 200, body: { prediction: 'square', probability: 0.4 } });
    const id = await web.predict(await photo());
    const html = await (await web.get(`/answers/${id}`, PAGE)).text();
    assert.match(html, /Not sure\. Perhaps <strong>square<\/strong>/);
    const stored = await web.store.findPrediction(predictionId(id));
    assert.equal(stored?.isLowConfidence, true);
    assert.equal(stored.rates.lowConfidence, 1);
    assert.equal(stored.probabilities, null);
    assert.equal(stored.modelVersion, 'unversioned');
  });

  it('keeps and classifies the same bytes: re-encoded, without what the camera wrote into them', async () => {
    const original = await photo();
    const id = await web.predict(original);
    const stored = await web.store.findPrediction(predictionId(id));
    const kept = (await web.objects.get(stored!.objectKey))!;
    assert.deepEqual(Buffer.from(web.server.asked[0]!.image!, 'base64'), kept);
    assert.ok((await sharp(original).metadata()).exif);
    assert.equal((await sharp(kept).metadata()).exif, undefined);
  });

  it('has the image kept before the record speaks of it', async () => {
    const order: string[] = [];
    const put = web.objects.put.bind(web.objects);
    const record = web.store.recordPrediction.bind(web.store);
    web.objects.put = (...args) => put(...args).finally(() => order.push('image'));
    web.store.recordPrediction = (...args) => record(...args).finally(() => order.push('record'));
    await web.predict(await photo());
    assert.deepEqual(order, ['image', 'record']);
  });

  it('gives no answer that could not be recorded', async () => {
    const broken = await photo();
    web.objects.put = () => Promise.reject(new Error('no disk'));
    const response = await web.upload(broken);
    assert.equal(response.status, 500);
    assert.equal(await code(response), 'INTERNAL');
    assert.deepEqual(web.logged, ['error request failed']);
  });

  const refusals: readonly [string, () => Promise<Response>, number, string][] = [
    ['no file', () => web.post('/predict', new FormData()), 422, 'missing'],
    ['a body that is no form', () => web.post('/predict', {}), 415, 'type'],
    ['an empty file', () => web.upload(Buffer.alloc(0)), 422, 'missing'],
    ['text', () => web.upload(Buffer.from('hello, this is text')), 415, 'type'],
    [
      'a drawing',
      () => web.upload(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')),
      415,
      'type',
    ],
    ['half a photo', async () => web.upload((await photo()).subarray(0, 300)), 400, 'corrupt'],
    ['too many bytes', () => web.upload(Buffer.alloc(300_000)), 413, 'bytes'],
    ['too many pixels', async () => web.upload(await photo(1, 1200, 1200)), 413, 'pixels'],
    [
      'a form that breaks off',
      () =>
        web.post(
          '/predict',
          '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc',
          {
            'Content-Type': 'multipart/form-data; boundary=b',
          },
        ),
      400,
      'corrupt',
    ],
  ];
  for (const [what, send, status, reason] of refusals)
    it(`refuses ${what} with ${status}, counts it as ${reason}, and records nothing`, async () => {
      const response = await send();
      assert.equal(response.status, status);
      assert.equal(await code(response), 'UPLOAD_REJECTED');
      assert.ok(web.counted.includes(`truthloop_upload_rejected_total ${reason}`));
      assert.equal(web.server.asked.length, 0);
      assert.deepEqual(await web.store.modelVersions(), []);
    });

  for (const path of ['/predict', '/api/predictions'])
    it(`cuts a client off that sends a body to ${path} too slowly`, async () => {
      const slow = await startTestWeb({ requestTimeoutMs: 300 });
      const { hostname, port } = new URL(slow.url);
      const socket = connect(Number(port), hostname);
      const type = path === '/predict' ? 'multipart/form-data; boundary=b' : 'application/json';
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: ${INGEST.Authorization}\r\n` +
          `Content-Type: ${type}\r\nContent-Length: 1000\r\n\r\n{`,
      );
      const [said] = (await once(socket, 'data')) as [Buffer];
      assert.match(said.toString(), /^HTTP\/1\.1 408/);
      socket.destroy();
      await slow.stop();
    });

  it('refuses a second file in one form', async () => {
    const form = photoForm(await photo());
    form.append('file', new Blob(['x']), 'two.jpg');
    assert.equal((await web.post('/predict', form)).status, 422);
  });

  it('says beside the field what was wrong with an upload', async () => {
    const response = await web.upload(Buffer.from('not a photo'), PAGE);
    assert.equal(response.status, 415);
    const html = await response.text();
    assert.match(html, /role="alert">This is no JPEG, PNG or WebP image/);
    assert.match(html, /aria-describedby="problem"/);
  });

  it('asks to come again, and says when, while the classifier is full', async () => {
    web.server.answerWith({ status: 503, body: {}, headers: { 'Retry-After': '3' } });
    const response = await web.upload(await photo());
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '3');
    assert.equal(await code(response), 'OVERLOADED');
  });

  it('asks to come again while the classifier is down, and names no address', async () => {
    await web.server.stop();
    const response = await web.upload(await photo());
    assert.equal(response.status, 503);
    assert.ok(response.headers.has('retry-after'));
    const text = await response.text();
    assert.match(text, /CLASSIFIER_UNAVAILABLE/);
    assert.ok(!text.includes('127.0.0.1'));
  });

  it('takes a segment that is configured and no other', async () => {
    const form = photoForm(await photo());
    form.set('segment', 'north');
    const { id } = await json<Answered>(await web.post('/predict', form));
    assert.equal((await web.store.findPrediction(predictionId(id)))?.segment, 'north');
    form.set('segment', 'east');
    assert.equal((await web.post('/predict', form)).status, 422);
  });

  it('classifies a built-in picture and sample pictures, and records none of them', async () => {
    const test = await web.get('/test');
    assert.deepEqual(await test.json(), SURE);
    const sample = await web.post('/samples/leaf', undefined, PAGE);
    assert.match(await sample.text(), /This looks like <strong>circle<\/strong>/);
    assert.equal((await web.get('/samples/leaf')).headers.get('content-type'), 'image/jpeg');
    assert.equal((await web.get('/samples/none')).status, 404);
    assert.equal(web.server.asked.length, 2);
    assert.deepEqual(await web.store.modelVersions(), []);
  });

  it('says that predictions are reported where there is no classifier', async () => {
    const other = await startTestWeb({ options: { classifier: null } });
    const html = await (await other.get('/')).text();
    assert.match(html, /reported here by another service/);
    assert.ok(!html.includes('<form'));
    assert.equal((await other.upload(await photo())).status, 404);
    await other.stop();
  });
});
