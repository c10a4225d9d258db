import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { prepareGrafana, preparePrometheus } from '../../scripts/start/monitoring.mjs';

const ROOT = path.resolve(import.meta.dirname, '..', '..');
const config = {
  ROLES: ['web', 'classifier', 'sync'],
  HOST: '127.0.0.1',
  WEB_PORT: 5101,
  CLASSIFIER_PORT: 8101,
  SYNC_PORT: 8181,
  PROMETHEUS_PORT: 9191,
  ALERTMANAGER_PORT: 9193,
  GRAFANA_PORT: 3001,
  OPS_KEY: 'the key of whoever runs it',
};

describe('the shipped monitoring beside npm start', function () {
  this.timeout(30_000);
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'truthloop-monitoring-'));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  it('is a configuration that Prometheus takes, with every role and every rule file', async () => {
    const where = { root: ROOT, dataDir, config, command: 'prometheus' };
    const { args } = await preparePrometheus(where);
    const file = path.join(dataDir, 'prometheus', 'prometheus.yml');
    assert.ok(args.includes(`--config.file=${file}`));
    const said = execFileSync('promtool', ['check', 'config', file], { encoding: 'utf8' });
    assert.match(said, /SUCCESS: [1-9]\d* rule files found/);
    const written = readFileSync(file, 'utf8');
    for (const port of [5101, 8101, 8181, 9191]) assert.match(written, new RegExp(`:${port}\\b`));
    const key = path.join(dataDir, 'prometheus', 'ops-key');
    assert.equal(readFileSync(key, 'utf8'), config.OPS_KEY);
    assert.equal(statSync(key).mode & 0o777, 0o600);
  });

  it('gives Grafana’s provisioning every variable that it names, and a password of its own that stays', () => {
    const where = { root: ROOT, dataDir, config, command: '/usr/sbin/grafana-server', env: {} };
    const { env, passwordFile } = prepareGrafana(where);
    const password = readFileSync(passwordFile, 'utf8');
    assert.ok(password.length >= 32);
    prepareGrafana(where);
    assert.equal(readFileSync(passwordFile, 'utf8'), password);
    for (const folder of ['datasources/prometheus.yaml', 'dashboards/truthloop.yaml']) {
      const text = readFileSync(path.join(env.GF_PATHS_PROVISIONING, folder), 'utf8');
      for (const [, name] of text.matchAll(/\$([A-Z_]+)/g)) assert.ok(name! in env, name);
    }
  });
});
