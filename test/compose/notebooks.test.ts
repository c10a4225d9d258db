import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';

import { METRICS } from '../../src/domain/metrics.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../data-prep/notebooks');
const KEY = 'the-ops-key-of-this-test';

describe('data-prep/notebooks/', () => {
  let server: Server;
  let url: string;
  let estimates: readonly object[];
  let series: readonly object[];

  before(async () => {
    server = createServer(({ url: asked = '', headers }, response) => {
      const isAllowed = headers.authorization === `Bearer ${KEY}`;
      if (asked === '/api/accuracy' && !isAllowed) response.writeHead(401).end();
      else if (asked === '/api/accuracy') response.end(JSON.stringify({ as_of: 0, estimates }));
      else if (asked.startsWith('/api/v1/query_range?query=truthloop_accuracy_'))
        response.end(
          JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: series } }),
        );
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.close();
  });

  it('read the estimates and their course, and draw both', async () => {
    estimates = [
      {
        model_version: 'food11-a',
        window: '7d',
        accuracy: 0.8,
        lower: 0.7,
        upper: 0.9,
        labels: 60,
        naive: 0.5,
      },
      {
        model_version: 'food11-a',
        window: '1h',
        accuracy: null,
        lower: null,
        upper: null,
        labels: 2,
        naive: null,
      },
    ];
    series = [
      {
        metric: { model_version: 'food11-a' },
        values: [
          [1_700_000_000, '0.8'],
          [1_700_000_300, '0.81'],
        ],
      },
    ];
    const said = await run('production-accuracy.ipynb', {
      ...{ TRUTHLOOP_URL: url, PROMETHEUS_URL: url, OPS_KEY: KEY },
    });
    assert.match(said, /food11-a +7d +80\.0% +70\.0% +90\.0% +60 +50\.0%/);
    assert.match(said, /figures shown: 2/);
  });

  it('say what to do while there is nothing to draw', async () => {
    estimates = [];
    series = [];
    const said = await run('production-accuracy.ipynb', {
      ...{ TRUTHLOOP_URL: url, PROMETHEUS_URL: url, OPS_KEY: KEY },
    });
    assert.match(said, /No window has 5 labels yet/);
    assert.match(said, /no estimate of the 7-day window yet/);
  });

  it('count what the Food-11 volume holds', async () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-food11-'));
    try {
      mkdirSync(path.join(folder, 'evaluation/class_09'), { recursive: true });
      writeFileSync(path.join(folder, 'evaluation/class_09/1.jpg'), '');
      const said = await run('food11-volume.ipynb', { FOOD11_DIR: folder });
      assert.match(said, /class_09 Soup +0 +0 +1/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('are kept without output, and name only series that exist', () => {
    const known = new Set(Object.keys(METRICS));
    for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.ipynb'))) {
      const text = readFileSync(path.join(FOLDER, file), 'utf8');
      const { cells } = JSON.parse(text) as {
        cells: { outputs?: object[]; execution_count?: unknown }[];
      };
      for (const cell of cells) {
        assert.deepEqual(cell.outputs ?? [], [], file);
        assert.equal(cell.execution_count ?? null, null, file);
      }
      for (const [name] of text.matchAll(/\btruthloop_\w+/g)) assert.ok(known.has(name), name);
    }
  });
});

/** Not synchronously: the servers that it asks run in this process. */
function run(notebook: string, env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const script = path.join(import.meta.dirname, 'run-notebook.py');
    const child = spawn('python3', [script, path.join(FOLDER, notebook)], {
      env: { PATH: process.env['PATH'], ...env },
    });
    let said = '';
    child.stdout.on('data', (part: Buffer) => (said += part.toString()));
    child.stderr.on('data', (part: Buffer) => (said += part.toString()));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(said);
      else reject(new Error(said));
    });
  });
}
