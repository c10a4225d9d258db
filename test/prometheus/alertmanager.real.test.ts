import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { startAlertmanager } from '../servers/alertmanager.ts';
import { startPrometheus } from '../servers/prometheus.ts';
import type { Server } from '../servers/server.ts';

interface Notice {
  readonly path: string;
  readonly alerts: readonly {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  }[];
}

const read = (name: string): string =>
  readFileSync(new URL(`../../prometheus/${name}`, import.meta.url), 'utf8');

describe('An alert', function () {
  this.timeout(120_000);
  const notices: Notice[] = [];
  let heard: () => void = () => undefined;
  let receiver: HttpServer;
  const started: Server[] = [];

  before(async () => {
    receiver = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Omit<Notice, 'path'>;
        notices.push({ ...body, path: request.url ?? '' });
        heard();
        response.end();
      });
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const { port } = receiver.address() as AddressInfo;
    const alertmanager = await startAlertmanager({
      config: read('alertmanager.yml')
        .replaceAll('http://alert-receiver:9095', `http://127.0.0.1:${port}`)
        .replaceAll(/group_wait: \d+s/g, 'group_wait: 1s'),
    });
    started.push(alertmanager);
    const prometheus = await startPrometheus({
      // Our rules and routes, a target that is down, and no patience.
      config: read('prometheus.yml')
        .replaceAll(/_interval: 15s/g, '_interval: 1s')
        .replace('rules/*.yml', 'alerts.yml')
        .replace('alertmanager:9093', new URL(alertmanager.url).host)
        .replace(/scrape_configs:[\s\S]*/, DEAD_TARGET),
      files: { 'alerts.yml': read('rules/alerts.yml').replaceAll(/for: \w+/g, 'for: 2s') },
    });
    started.push(prometheus);
  });

  after(async () => {
    receiver.close();
    receiver.closeAllConnections();
    for (const server of started.reverse()) await server.stop();
  });

  it('that fires in Prometheus reaches the receiver for its severity through the shipped routes', async () => {
    const page = (): Notice | undefined => notices.find((notice) => notice.path === '/pages');
    while (page() === undefined) await new Promise<void>((resolve) => (heard = resolve));
    const alert = page()?.alerts.find(({ labels }) => labels['alertname'] === 'TargetDown');
    assert.equal(alert?.labels['severity'], 'page');
    assert.equal(alert.labels['job'], 'web');
    assert.match(alert.annotations['runbook_url'] ?? '', /runbook\.md#target-down$/);
  });
});

const DEAD_TARGET = `scrape_configs:
  - job_name: web
    static_configs:
      - targets: ['127.0.0.1:1']
`;
