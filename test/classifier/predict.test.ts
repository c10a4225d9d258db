import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';

import { plain, slowImage } from '../adapters/onnx/tiny-model.ts';
import { pngBomb } from '../fixtures/hostile-images.ts';
import { runClassifier, type RunningClassifier } from './running-classifier.ts';

interface Answer {
  readonly prediction: string;
  readonly probability: number;
  readonly probabilities: Record<string, number>;
  readonly model_version: string;
}

describe('POST /predict', function () {
  this.timeout(30_000);
  let classifier: RunningClassifier;
  let red: Buffer;
  before(async () => {
    classifier = await runClassifier({ bytesMax: 200_000, pixelsMax: 25_000_000 });
    red = await plain('#ff0000');
  });
  after(() => classifier.stop());

  const post = (body: string | Buffer | FormData, type?: string): Promise<Response> =>
    fetch(`${classifier.url}/predict`, {
      method: 'POST',
      body: typeof body === 'string' || body instanceof FormData ? body : new Uint8Array(body),
      headers: type === undefined ? {} : { 'Content-Type': type },
    });
  const postJson = (body: unknown): Promise<Response> =>
    post(JSON.stringify(body), 'application/json');
  const assertRed = async (response: Response): Promise<void> => {
    assert.equal(response.status, 200);
    const answer = (await response.json()) as Answer;
    assert.equal(answer.prediction, 'red');
    assert.ok(answer.probability > 0.99 && answer.probability <= 1);
    assert.equal(answer.probabilities['red'], answer.probability);
    assert.deepEqual(Object.keys(answer.probabilities), ['red', 'green', 'blue']);
    const sum = Object.values(answer.probabilities).reduce((a, b) => a + b);
    assert.ok(Math.abs(sum - 1) < 1e-9);
    assert.match(answer.model_version, /^tiny-/);
  };
  const assertRefused = async (response: Response, status: number): Promise<void> => {
    const { detail } = (await response.json()) as { detail: unknown };
    assert.equal(response.status, status, JSON.stringify(detail));
    if (status === 422) {
      const [first] = detail as { type: string; loc: unknown[]; msg: string }[];
      assert.ok(first && first.type !== '' && first.loc[0] === 'body' && first.msg !== '');
    } else assert.equal(typeof detail, 'string');
  };
  const base64 = (): string => red.toString('base64');

  it('classifies base64 in JSON', async () => assertRed(await postJson({ image: base64() })));
  it('classifies base64 that a tool broke into lines', async () =>
    assertRed(await postJson({ image: base64().replace(/(.{76})/g, '$1\r\n') })));
  it('classifies a data URL', async () =>
    assertRed(await postJson({ image: `data:image/jpeg;base64,${base64()}` })));
  it('classifies whatever stands around the image in the JSON', async () =>
    assertRed(await postJson({ note: 'a "quoted" word', image: base64(), more: [1, 2] })));
  it('classifies JSON with white space and a charset', async () =>
    assertRed(await post(`\n { "image" :\t"${base64()}" }\n`, 'application/json; charset=utf-8')));
  it('classifies base64 without its padding', async () =>
    assertRed(await postJson({ image: base64().replace(/=+$/, '') })));
  it('classifies a form', async () => {
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(red)]), '../../etc/passwd.php.jpg');
    await assertRed(await post(form));
  });
  it('classifies a raw body, by its content and not by its declared type', async () =>
    assertRed(await post(red, 'image/gif')));

  it('answers 422 to an object without image, as FastAPI does', async () => {
    const response = await postJson({});
    assert.equal(response.status, 422);
    const { detail } = (await response.json()) as { detail: { type: string; loc: string[] }[] };
    assert.deepEqual([detail[0]?.type, detail[0]?.loc], ['missing', ['body', 'image']]);
  });
  const deep = `${'['.repeat(100)}${']'.repeat(100)}`;
  const refusedJson: [string, string, number][] = [
    ['no JSON', '{"image": ', 422],
    ['nothing', '', 422],
    ['a list', '[]', 422],
    ['null', 'null', 422],
    ['a number for an image', '{"image": 7}', 422],
    ['JSON 100 levels deep', `{"image": ${deep}}`, 422],
    ['an empty image', '{"image": ""}', 422],
    ['no base64', '{"image": "!!!!"}', 400],
    ['base64 with a hole', '{"image": "AAAA=AAA"}', 400],
    ['base64 of text', '{"image": "aGVsbG8="}', 415],
  ];
  for (const [name, body, status] of refusedJson)
    it(`answers ${status} to ${name}`, async () =>
      assertRefused(await post(body, 'application/json'), status));

  it('answers 400 to a damaged image', async () => {
    const whole = await plain('#ff0000', 400, 400);
    const half = whole.subarray(0, Math.floor(whole.length / 2));
    await assertRefused(await postJson({ image: half.toString('base64') }), 400);
  });
  it('answers 415 to a kind of body that is not taken', async () => {
    await assertRefused(await post('image=x', 'application/x-www-form-urlencoded'), 415);
    await assertRefused(await post(Buffer.from('x')), 415);
  });
  it('answers 415 to a compressed body', async () => {
    const response = await fetch(`${classifier.url}/predict`, {
      method: 'POST',
      body: '{}',
      headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' },
    });
    await assertRefused(response, 415);
  });
  it('answers 413 to too many bytes, whichever way they come', async () => {
    const large = Buffer.alloc(400_000, 1);
    await assertRefused(await post(large, 'image/jpeg'), 413);
    await assertRefused(await postJson({ image: large.toString('base64') }), 413);
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(250_000)]), 'a.jpg');
    await assertRefused(await post(form), 413);
  });
  it('answers 413 to too many pixels', async () => {
    await assertRefused(await post(pngBomb(16_000, 16_000), 'image/png'), 413);
  });
  it('answers 422 to a form without a file', async () => {
    const form = new FormData();
    form.set('other', 'words');
    await assertRefused(await post(form), 422);
  });
  it('answers 400 to a form with fifty parts', async () => {
    const form = new FormData();
    for (let part = 0; part < 50; part++) form.append(`part${part}`, 'x');
    await assertRefused(await post(form), 400);
  });
  it('answers 400 to a form that breaks off', async () => {
    const type = 'multipart/form-data; boundary=edge';
    const cut = '--edge\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\nab';
    await assertRefused(await post(cut, type), 400);
    await assertRefused(await post('--edge\r\nContent-Dispo', type), 400);
  });
  it('answers 405 with the allowed method to another one, and 404 to another address', async () => {
    const other = await fetch(`${classifier.url}/predict`);
    assert.deepEqual([other.status, other.headers.get('allow')], [405, 'POST']);
    const nowhere = await fetch(`${classifier.url}/nowhere`);
    assert.equal(nowhere.status, 404);
  });

  it('cuts a client off that sends its body too slowly', async () => {
    const slow = await runClassifier({ requestTimeoutMs: 500 });
    const { hostname, port } = new URL(slow.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\nab',
    );
    const [said] = (await once(socket, 'data')) as [Buffer];
    assert.match(said.toString(), /^HTTP\/1\.1 408/);
    socket.destroy();
    await slow.stop();
  });
});

describe('a classifier with more work than it can do', function () {
  this.timeout(30_000);
  let slow: Buffer;
  let classifier: RunningClassifier;
  before(async () => (slow = await slowImage()));
  afterEach(() => classifier.stop());
  const ask = (signal?: AbortSignal): Promise<Response> =>
    fetch(`${classifier.url}/predict`, {
      method: 'POST',
      body: new Uint8Array(slow),
      headers: { 'Content-Type': 'image/png' },
      ...(signal === undefined ? {} : { signal }),
    });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('answers 503 with Retry-After to what has no place, and counts it', async () => {
    classifier = await runClassifier({ queueLimit: 1 });
    const responses = await Promise.all(Array.from({ length: 8 }, () => ask()));
    const refused = responses.filter(({ status }) => status === 503);
    assert.ok(refused.length >= 1 && responses.some(({ status }) => status === 200));
    for (const response of refused)
      assert.match(response.headers.get('retry-after') ?? '', /^\d+$/);
    assert.equal(
      await classifier.metric('truthloop_predict_rejected_total{reason="queue_full"}'),
      refused.length,
    );
  });

  it('gives the place of a client that hung up to the next one', async () => {
    classifier = await runClassifier({ queueLimit: 1 });
    const { pool } = classifier;
    const first = ask();
    await until(() => pool.load().running === 1);
    const gone = new AbortController();
    const second = ask(gone.signal).catch(() => null);
    await until(() => pool.load().queued === 1);
    gone.abort();
    await until(() => pool.load().queued === 0);
    assert.equal(await second, null);
    assert.equal((await first).status, 200);
  });

  it('answers 503 to the image at a worker that dies, and goes on', async () => {
    classifier = await runClassifier();
    const { pool } = classifier;
    const unlucky = ask();
    await until(() => pool.load().running === 1);
    pool.killWorkers();
    assert.equal((await unlucky).status, 503);
    await until(() => pool.load().isReady);
    assert.equal((await ask()).status, 200);
  });

  it('is not ready any more when it stops, and answers what it took', async () => {
    classifier = await runClassifier();
    const { pool } = classifier;
    const taken = ask();
    await until(() => pool.load().running === 1);
    const stopped = classifier.stop();
    assert.equal((await taken).status, 200);
    await stopped;
    await assert.rejects(ask());
  });
});
