import assert from 'node:assert/strict';
import http from 'node:http';

import { photo } from './photos.ts';
import { OPS, PAGE, photoForm, startTestWeb, type TestWeb } from './start-test-web.ts';

describe('who may do what', () => {
  let web: TestWeb;
  beforeEach(async () => {
    web = await startTestWeb();
  });
  afterEach(() => web.stop());

  /** fetch sets Host and Sec-Fetch-* itself; a plain request says what it is told. */
  const ask = (path: string, headers: Record<string, string>, method = 'GET'): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = http.request(web.url + path, { method, headers, agent: false }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      request.on('error', reject).end();
    });

  for (const path of ['/metrics', '/accuracy', '/api/accuracy'])
    it(`${path} is for this machine without a proxy in between, and for the ops key`, async () => {
      assert.equal(await ask(path, {}), 200);
      for (const header of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP'])
        assert.equal(await ask(path, { [header]: '203.0.113.5' }), 401);
      assert.equal(await ask(path, { Host: 'rebound.example' }), 401);
      assert.equal(await ask(path, { Host: 'rebound.example', ...OPS }), 200);
      assert.equal(await ask(path, { 'X-Forwarded-For': '203.0.113.5', ...OPS }), 200);
    });

  it('nobody counts as this machine behind a proxy, which may say nothing of whom it asks for', async () => {
    await web.stop();
    web = await startTestWeb({ settings: { trustProxyHops: 1 } });
    for (const path of ['/metrics', '/accuracy', '/api/accuracy']) {
      assert.equal(await ask(path, {}), 401);
      assert.equal(await ask(path, OPS), 200);
    }
  });

  it('the accuracy is for everybody where the deployment says so; the metrics are not', async () => {
    await web.stop();
    web = await startTestWeb({ settings: { isAccuracyPublic: true } });
    const far = { 'X-Forwarded-For': '203.0.113.5' };
    assert.equal(await ask('/accuracy', far), 200);
    assert.equal(await ask('/api/accuracy', far), 200);
    assert.equal(await ask('/metrics', far), 401);
  });

  it('records of a prediction are for the ops key alone, also on this machine', async () => {
    const id = await web.predict(await photo());
    const path = `/api/predictions/${id}`;
    assert.equal(await ask(path, {}), 401);
    assert.equal(await ask(path, {}, 'DELETE'), 401);
    const record = (await (await web.get(path, OPS)).json()) as Record<string, unknown>;
    assert.equal(record['prediction'], 'circle');
    assert.equal(record['decision'], null);
    assert.equal(await ask(path, OPS, 'DELETE'), 204);
    assert.equal(await ask(path, OPS), 404);
    assert.equal(await ask(path, OPS, 'DELETE'), 404);
  });

  it("refuses what another site's page makes a browser send", async () => {
    const id = await web.predict(await photo());
    const foreign = [
      { 'Sec-Fetch-Site': 'cross-site' },
      { 'Sec-Fetch-Site': 'same-site' },
      { Origin: 'http://evil.test' },
      { Origin: 'null' },
    ];
    for (const headers of foreign) assert.equal(await ask(`/flag/${id}`, headers, 'POST'), 403);
    const own = [
      {},
      { 'Sec-Fetch-Site': 'same-origin', Origin: web.url },
      { 'Sec-Fetch-Site': 'none' },
      { Origin: 'http://truthloop.test' },
    ];
    for (const headers of own) assert.equal(await ask(`/flag/${id}`, headers, 'POST'), 200);
  });

  it('every answer carries the headers that keep pages safe, a request id, and no stack', async () => {
    const id = await web.predict(await photo());
    const paths = ['/', `/answers/${id}`, '/accuracy', '/nothing/here', '/livez', '/test', '/%'];
    for (const path of paths) {
      const response = await web.get(path, PAGE);
      const policy = response.headers.get('content-security-policy') ?? '';
      assert.match(policy, /default-src 'none'/, path);
      assert.match(policy, /frame-ancestors 'none'/, path);
      assert.ok(!policy.includes('unsafe'), path);
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff', path);
      assert.equal(response.headers.get('referrer-policy'), 'same-origin', path);
      assert.equal(response.headers.get('x-powered-by'), null, path);
      assert.equal(response.headers.get('strict-transport-security'), null, path);
      assert.match(response.headers.get('x-request-id') ?? '', /^[\w-]{8,}$/, path);
      assert.ok(!/ at .*\.ts:/.test(await response.text()), path);
    }
  });

  it('pages hold no inline script or style', async () => {
    const id = await web.predict(await photo());
    for (const path of ['/', `/answers/${id}`, '/accuracy', '/nothing']) {
      const html = await (await web.get(path, PAGE)).text();
      assert.ok(!/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i.test(html), path);
    }
  });

  it('an unknown address is 404: a page for browsers, JSON for programs', async () => {
    assert.match(await (await web.get('/nothing', PAGE)).text(), /<h1>That did not work<\/h1>/);
    const response = await web.get('/nothing', { 'X-Request-Id': 'given-by-a-proxy' });
    assert.equal(response.status, 404);
    const { error } = (await response.json()) as { error: Record<string, string> };
    assert.equal(error['code'], 'NOT_FOUND');
    assert.equal(error['requestId'], 'given-by-a-proxy');
  });

  it('styles and scripts may be kept for ever under the name of their content', async () => {
    const html = await (await web.get('/', PAGE)).text();
    const paths = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
    assert.ok(paths.length >= 3);
    for (const path of paths) {
      const response = await web.get(path);
      assert.equal(response.status, 200, path);
      assert.match(response.headers.get('cache-control') ?? '', /immutable/);
    }
    assert.equal((await web.get('/assets/pages-0000000000.css')).status, 404);
    assert.equal((await web.get('/assets/..%2fpages.ts')).status, 404);
  });

  it('is ready while the store and the classifier are, and alive all the time', async () => {
    assert.equal((await web.get('/readyz')).status, 200);
    await web.server.stop();
    const down = await web.get('/readyz');
    assert.equal(down.status, 503);
    assert.deepEqual(await down.json(), {
      ready: false,
      checks: { accepting: true, store: true, classifier: false },
    });
    assert.equal((await web.get('/livez')).status, 200);
  });

  it('tells from a proxy only where it is told that there is one', async () => {
    const far = {
      Host: 'inside:5000',
      'X-Forwarded-Host': 'evil.test',
      Origin: 'http://evil.test',
    };
    assert.equal(await ask('/flag/x', far, 'POST'), 403);
    assert.equal((await web.post('/predict', photoForm(await photo()))).status, 200);
  });
});
