import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { createPrometheusMeter } from '../../src/adapters/prometheus/create-prometheus-meter.ts';
import { modelVersion } from '../../src/domain/ids.ts';
import type { MetricRole } from '../../src/domain/metrics.ts';
import { exposeEstimates } from '../../src/expose/expose-estimates.ts';
import { anEstimate } from '../expose/an-estimate.ts';

const PROMETHEUS = fileURLToPath(new URL('../../prometheus/', import.meta.url));

/** @returns exit code and all that it said */
function promtool(args: readonly string[], input = ''): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = execFile('promtool', args, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, said: `${stdout}${stderr}${code === -1 ? (error?.message ?? '') : ''}` });
    });
    child.stdin?.end(input);
  });
}

describe('promtool', function () {
  this.timeout(300_000);

  it('finds nothing to say about the metrics of any role', async () => {
    for (const role of ['web', 'classifier', 'sync'] satisfies MetricRole[]) {
      const labelValues = {
        classes: ['Bread'],
        handlers: [{ handler: '/predict', method: 'POST' }],
      };
      const { meter, metricsText } = createPrometheusMeter({ role, labelValues });
      if (role === 'sync')
        exposeEstimates(
          meter,
          [anEstimate()],
          [{ modelVersion: modelVersion('v1'), dataset: 'test', n: 10, right: 9 }],
        );
      const { code, said } = await promtool(['check', 'metrics'], await metricsText());
      assert.equal(said.trim(), '');
      assert.equal(code, 0);
    }
  });

  it('accepts every rule, lints included', async () => {
    const files = readdirSync(path.join(PROMETHEUS, 'rules')).map((name) =>
      path.join(PROMETHEUS, 'rules', name),
    );
    const { code, said } = await promtool([
      'check',
      'rules',
      '--lint=all',
      '--lint-fatal',
      ...files,
    ]);
    assert.equal(code, 0, said);
  });

  it('accepts the configuration', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'prometheus-config-'));
    try {
      cpSync(path.join(PROMETHEUS, 'rules'), path.join(folder, 'rules'), { recursive: true });
      writeFileSync(path.join(folder, 'ops_key'), 'x');
      const config = readFileSync(path.join(PROMETHEUS, 'prometheus.yml'), 'utf8');
      const local = config.replace('/run/secrets/ops_key', path.join(folder, 'ops_key'));
      writeFileSync(path.join(folder, 'prometheus.yml'), local);
      const { code, said } = await promtool([
        'check',
        'config',
        path.join(folder, 'prometheus.yml'),
      ]);
      assert.equal(code, 0, said);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  for (const name of readdirSync(path.join(PROMETHEUS, 'tests'))) {
    it(`sees every alert of ${name} fire and stay silent where it should`, async () => {
      const { code, said } = await promtool([
        'test',
        'rules',
        path.join(PROMETHEUS, 'tests', name),
      ]);
      assert.equal(code, 0, said);
    });
  }
});
