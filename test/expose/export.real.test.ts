import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { type Product, startProduct } from '../servers/product.ts';
import { startPrometheus } from '../servers/prometheus.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const DAY_MS = 86_400_000;

describe('npm run export -- openmetrics', function () {
  this.timeout(120_000);
  let folder: string;
  let product: Product;
  let env: Record<string, string>;

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'truthloop-export-test-'));
    const classesFile = path.join(folder, 'classes.json');
    writeFileSync(classesFile, JSON.stringify(['cat', 'dog']));
    env = { DATA_DIR: path.join(folder, 'data'), CLASSES_FILE: classesFile, ROLES: 'web' };
    product = await startProduct(env);
    await report(Date.now() - 2.5 * DAY_MS);
  });
  after(async () => {
    await product.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function report(time: number): Promise<void> {
    const image = readFileSync(path.join(ROOT, 'test/golden/preprocessing/large.jpg'));
    const answer = await fetch(`${product.webUrl}/api/predictions`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${product.secret('INGEST_KEY')}`,
      },
      body: JSON.stringify({
        image: image.toString('base64'),
        prediction: 'cat',
        probability: 0.9,
        model_version: 'pets-1',
        time: new Date(time).toISOString(),
        external_id: 'one',
      }),
    });
    assert.ok(answer.ok, await answer.text());
  }

  it('writes the restated past, while the program runs, in a form that promtool makes blocks of', async () => {
    const file = path.join(folder, 'history.txt');
    await run(
      process.execPath,
      ['--import', 'tsx', path.join(ROOT, 'scripts/export.ts'), 'openmetrics', '--out', file],
      { cwd: ROOT, env: { ...process.env, ...env } },
    );
    const text = readFileSync(file, 'utf8');
    assert.match(text, /^# TYPE truthloop_window_predictions gauge$/m);
    assert.match(text, /# EOF\n$/);

    const data = path.join(folder, 'tsdb');
    await run('promtool', ['tsdb', 'create-blocks-from', 'openmetrics', file, data]);
    const prometheus = await startPrometheus({
      config: 'global: {}\n',
      dataFolder: data,
    });
    try {
      const { series } = await queryAt(prometheus.url, Date.now() - DAY_MS);
      assert.deepEqual(series, [
        { job: 'sync', model_version: 'pets-1', window: '7d', value: '1' },
        { job: 'sync', model_version: 'pets-1', window: 'all', value: '1' },
      ]);
    } finally {
      await prometheus.stop();
    }
  });

  /** The last value within the hour before `at`. */
  async function queryAt(url: string, at: number): Promise<{ series: object[] }> {
    const query =
      'max by (job, model_version, window) (last_over_time(truthloop_window_predictions[1h]))';
    const answer = await fetch(
      `${url}/api/v1/query?time=${at / 1000}&query=${encodeURIComponent(query)}`,
    );
    const { data } = (await answer.json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    const series = data.result.map(({ metric, value }) => ({ ...metric, value: value[1] }));
    return { series: series.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
  }
});
