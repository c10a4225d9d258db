import assert from 'node:assert/strict';

import { photo } from './photos.ts';
import { INGEST, photoForm, startTestWeb, type TestWeb } from './start-test-web.ts';

const from = (client: string | null): Record<string, string> =>
  client === null ? {} : { 'X-Forwarded-For': client };

describe('the rate limits of web', () => {
  let web: TestWeb;
  let image: Buffer;
  before(async () => (image = await photo()));
  beforeEach(async () => {
    web = await startTestWeb({
      settings: { uploadsPerMinute: 2, reportsPerMinute: 3, trustProxyHops: 1 },
    });
  });
  afterEach(() => web.stop());

  const upload = async (client: string | null): Promise<Response> =>
    web.post('/predict', photoForm(image), from(client));
  const report = async (client: string | null, headers: object = INGEST): Promise<Response> =>
    web.post(
      '/api/predictions',
      {
        image: image.toString('base64'),
        prediction: 'square',
        probability: 0.8,
        model_version: 'theirs-3',
      },
      { ...from(client), ...headers },
    );
  const statuses = async (count: number, ask: () => Promise<Response>): Promise<number[]> => {
    const all: number[] = [];
    for (let index = 0; index < count; index++) all.push((await ask()).status);
    return all;
  };

  it('answer 429 with Retry-After to a client that uploads too often, and count it', async () => {
    assert.deepEqual(await statuses(2, () => upload('203.0.113.7')), [200, 200]);
    const refused = await upload('203.0.113.7');
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '30']);
    assert.match(await refused.text(), /RATE_LIMITED.*at most 2 a minute/);
    assert.ok(web.counted.includes('truthloop_upload_rejected_total quota'));
    assert.equal((await upload('203.0.113.8')).status, 200);
    web.time.now += 30_000;
    assert.equal((await upload('203.0.113.7')).status, 200);
  });
  it('count whatever asks the classifier', async () => {
    const far = from('203.0.113.7');
    assert.equal((await web.get('/test', far)).status, 200);
    assert.equal((await web.post('/samples/leaf', undefined, far)).status, 200);
    assert.equal((await web.get('/test', far)).status, 429);
    assert.equal((await web.get('/samples/leaf', far)).status, 200);
  });
  it('are apart for reports, and stand before the key', async () => {
    assert.deepEqual(await statuses(2, () => upload('203.0.113.7')), [200, 200]);
    assert.deepEqual(await statuses(3, () => report('203.0.113.7', {})), [401, 401, 401]);
    assert.equal((await report('203.0.113.7')).status, 429);
    assert.equal((await report('203.0.113.8')).status, 201);
  });
  it('take all addresses of one IPv6 network for one client', async () => {
    const answers: number[] = [];
    for (const address of ['2001:db8:1:2::1', '2001:db8:1:2:a::b', '2001:db8:1:2::3'])
      answers.push((await upload(address)).status);
    assert.deepEqual(answers, [200, 200, 429]);
    assert.equal((await upload('2001:db8:1:3::1')).status, 200);
  });
  it('are never applied to loopback', async () => {
    assert.deepEqual(await statuses(4, () => upload(null)), [200, 200, 200, 200]);
    assert.deepEqual(await statuses(4, () => report(null)), [201, 201, 201, 201]);
  });
});
