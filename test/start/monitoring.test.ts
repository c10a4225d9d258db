import assert from 'node:assert/strict';

import { localPrometheusConfig } from '../../scripts/start/monitoring.mjs';

const config = {
  ROLES: ['web', 'sync'],
  WEB_PORT: 5101,
  CLASSIFIER_PORT: 8101,
  SYNC_PORT: 8181,
  PROMETHEUS_PORT: 9191,
  ALERTMANAGER_PORT: 9193,
};
const places = { rulesFolder: '/repo/prometheus', opsKeyFile: '/data/prometheus/ops-key' };
const shipped = {
  global: { scrape_interval: '15s' },
  rule_files: ['rules/*.yml'],
  alerting: { alertmanagers: [{ static_configs: [{ targets: ['alertmanager:9093'] }] }] },
  scrape_configs: [
    { job_name: 'food11', static_configs: [{ targets: ['127.0.0.1:8000'] }] },
    {
      job_name: 'web',
      authorization: { type: 'Bearer', credentials_file: '/run/secrets/ops-key' },
      static_configs: [{ targets: ['127.0.0.1:5000'], labels: { tier: 'front' } }],
    },
    { job_name: 'sync', static_configs: [{ targets: ['127.0.0.1:8081'] }] },
    { job_name: 'cadvisor', static_configs: [{ targets: ['cadvisor:8080'] }] },
  ],
};

describe('Prometheus beside npm start', () => {
  it('scrapes the roles that run here, on the ports of this installation, with its own key', () => {
    const local = localPrometheusConfig(shipped, config, places);
    assert.deepEqual(local.scrape_configs, [
      {
        job_name: 'web',
        authorization: { type: 'Bearer', credentials_file: '/data/prometheus/ops-key' },
        static_configs: [{ targets: ['127.0.0.1:5101'], labels: { tier: 'front' } }],
      },
      { job_name: 'sync', static_configs: [{ targets: ['127.0.0.1:8181'] }] },
    ]);
  });

  it('finds the repository’s rules and this machine’s Alertmanager, and keeps the rest as shipped', () => {
    const local = localPrometheusConfig(shipped, config, places);
    assert.deepEqual(local.rule_files, ['/repo/prometheus/rules/*.yml']);
    assert.deepEqual(local.alerting?.alertmanagers[0]?.static_configs, [
      { targets: ['127.0.0.1:9193'] },
    ]);
    assert.deepEqual((local as typeof shipped).global, shipped.global);
  });
});
