import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';

import express, { type ErrorRequestHandler } from 'express';

import { createPrometheusMeter } from '../../../src/adapters/prometheus/create-prometheus-meter.ts';
import { httpMetrics } from '../../../src/adapters/prometheus/http-metrics.ts';

describe('httpMetrics', () => {
  const { meter, metricsText } = createPrometheusMeter({
    role: 'web',
    labelValues: { handlers: [{ handler: '/predict', method: 'POST' }] },
  });
  let server: Server;
  let base: string;
  let port: number;
  const held = { release: (): void => undefined, arrived: Promise.resolve() };

  before(async () => {
    const app = express();
    app.use(httpMetrics(meter));
    app.post('/predict', express.json(), (_request, response) => void response.json({ ok: true }));
    const api = express.Router();
    api.get('/predictions/:id', (request, response) => void response.send(request.params.id));
    api.get('/broken/:id', () => {
      throw new Error('planted');
    });
    app.use('/api', api);
    held.arrived = new Promise((resolve) => {
      app.get('/slow', (_request, response) => {
        held.release = () => void response.send('late');
        resolve();
      });
    });
    const failed: ErrorRequestHandler = (_error, _request, response, next) => {
      next;
      response.status(500).json({ error: 'x' });
    };
    app.use(failed);
    server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
    base = `http://127.0.0.1:${port}`;
  });
  after(() => server.close());

  /** The series shows up when the response has closed, which the client may notice a moment earlier. */
  async function untilShown(series: string): Promise<void> {
    const until = Date.now() + 2000;
    while (!(await metricsText()).split('\n').includes(series)) {
      assert.ok(Date.now() < until, `${series} never showed up in\n${await metricsText()}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  it('counts and times an answer by route, method and class of status', async () => {
    const body = JSON.stringify({ image: 'abc' });
    await fetch(`${base}/predict`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    await untilShown('http_requests_total{handler="/predict",method="POST",status="2xx"} 1');
    await untilShown('http_request_duration_seconds_count{handler="/predict",method="POST"} 1');
    await untilShown('http_request_duration_highr_seconds_count 1');
    await untilShown(`http_request_size_bytes_sum{handler="/predict"} ${body.length}`);
    await untilShown('http_response_size_bytes_sum{handler="/predict"} 11');
  });

  it('names a route by its pattern, never by the id in the path', async () => {
    await fetch(`${base}/api/predictions/4711`);
    await fetch(`${base}/api/predictions/4712`);
    await untilShown(
      'http_requests_total{handler="/api/predictions/:id",method="GET",status="2xx"} 2',
    );
    assert.ok(!(await metricsText()).includes('4711'));
  });

  it('names a route that failed by its whole pattern too', async () => {
    await fetch(`${base}/api/broken/1`);
    await untilShown('http_requests_total{handler="/api/broken/:id",method="GET",status="5xx"} 1');
  });

  it('puts everything that matches no route under none', async () => {
    await fetch(`${base}/wp-admin/1`);
    await fetch(`${base}/wp-admin/2`);
    await untilShown('http_requests_total{handler="none",method="GET",status="4xx"} 2');
  });

  it('counts a request whose client went away as no success', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await held.arrived;
    socket.destroy();
    await untilShown('http_requests_total{handler="/slow",method="GET",status="4xx"} 1');
    held.release();
  });
});
