import assert from 'node:assert/strict';

import { plain } from '../adapters/onnx/tiny-model.ts';
import { send } from '../http/send.ts';
import { runClassifier, type RunningClassifier } from './running-classifier.ts';

describe('the classifier', function () {
  this.timeout(30_000);
  let classifier: RunningClassifier;
  before(async () => (classifier = await runClassifier()));
  after(() => classifier.stop());
  const get = (path: string): Promise<Response> => fetch(`${classifier.url}${path}`);

  it('is alive and ready', async () => {
    assert.equal((await get('/livez')).status, 200);
    assert.deepEqual(await (await get('/readyz')).json(), { ready: true });
  });

  it('has all of its series from the start, at 0', async () => {
    const atZero = [
      'http_requests_total{handler="/predict",method="POST",status="2xx"}',
      'http_requests_total{handler="/predict",method="POST",status="5xx"}',
      'http_request_duration_seconds_count{handler="/predict",method="POST"}',
      'prediction_confidence_count',
      'predicted_class_total{class_name="blue"}',
      'drift_events_total',
      'drift_test_stat_count',
      'truthloop_predict_stage_duration_seconds_count{stage="infer"}',
      'truthloop_predict_rejected_total{reason="deadline"}',
      'truthloop_predict_queue_depth',
    ];
    for (const series of atZero) assert.equal(await classifier.metric(series), 0, series);
    assert.equal(await classifier.metric('truthloop_predict_queue_limit'), 4);
  });

  it('counts what it answers under the names that existing boards ask for', async () => {
    const response = await fetch(`${classifier.url}/predict`, {
      method: 'POST',
      body: JSON.stringify({ image: (await plain('#0000ff')).toString('base64') }),
      headers: { 'Content-Type': 'application/json' },
    });
    const { probability } = (await response.json()) as { probability: number };
    const requests = 'http_requests_total{handler="/predict",method="POST",status="2xx"}';
    assert.equal(await classifier.metric(requests), 1);
    assert.equal(await classifier.metric('predicted_class_total{class_name="blue"}'), 1);
    assert.equal(await classifier.metric('prediction_confidence_sum'), probability);
    assert.equal(
      await classifier.metric('truthloop_predict_stage_duration_seconds_count{stage="decode"}'),
      1,
    );
  });

  it('describes itself as OpenAPI 3.1, from the schemas that it checks with', async () => {
    const document = (await (await get('/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, { post?: { responses: object } }>;
      components: { schemas: Record<string, { required: string[] }> };
    };
    assert.match(document.openapi, /^3\.1/);
    assert.deepEqual(Object.keys(document.paths['/predict']?.post?.responses ?? {}), [
      '200',
      '400',
      '413',
      '415',
      '422',
      '429',
      '503',
    ]);
    assert.deepEqual(document.components.schemas['PredictAnswer']?.required, [
      'prediction',
      'probability',
      'probabilities',
      'model_version',
    ]);
  });

  it('shows its API on a page that loads nothing from elsewhere and runs no inline code', async () => {
    const response = await get('/docs');
    const page = await response.text();
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.doesNotMatch(page, /(src|href)="(https?:)?\/\//);
    assert.doesNotMatch(page, /<script(?![^>]*src=)|<style|style=|\son\w+=/);
    for (const [, path] of page.matchAll(/(?:src|href)="(\/[^"]+)"/g))
      assert.equal((await get(path ?? '')).status, 200, path);
  });

  it('shows its own address in the examples, and nothing that a header could smuggle in', async () => {
    assert.ok((await (await get('/docs')).text()).includes(`${classifier.url}/predict`));
    const { body } = await send(`${classifier.url}/docs`, {
      method: 'GET',
      headers: { Host: '"><script>alert(1)</script>' },
    });
    assert.ok(!body.includes('<script>'));
  });

  it('sends its security headers with every answer', async () => {
    for (const path of ['/', '/livez', '/metrics', '/docs', '/predict', '/%']) {
      const { headers } = await get(path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff', path);
      assert.match(headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/, path);
      assert.equal(headers.get('x-powered-by'), null);
    }
  });
});
