import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { estimate } from './estimates.ts';
import { photo } from './photos.ts';
import { startTestWeb } from './start-test-web.ts';

const SCRIPT = [
  '--import',
  'tsx',
  fileURLToPath(new URL('../../scripts/report.ts', import.meta.url)),
];
const run = promisify(execFile);

describe('npm run report', () => {
  const out = join(tmpdir(), `truthloop-report-${process.pid}.html`);
  afterEach(() => {
    rmSync(out, { force: true });
  });

  it('writes the accuracy page of a window as one file that loads nothing', async () => {
    const web = await startTestWeb();
    await web.predict(await photo());
    const fence = (await web.store.acquireLease('sync', 'test', web.time.now, 60_000))!;
    await web.store.saveEstimates([estimate({ window: '1d' }), estimate()], fence);
    const args = ['--url', web.url, '--window', '1d', '--out', out];
    await run(process.execPath, [...SCRIPT, ...args]);
    await web.stop();
    const html = readFileSync(out, 'utf8');
    assert.match(html, /Over time: the last day/);
    assert.match(html, /<style>/);
    assert.ok(!/<link|<script|(?:src|href)="(?!data:|#)/.test(html), 'nothing is loaded');
  });

  it('writes nothing about a window that there is no estimate of, and names those there are', async () => {
    const web = await startTestWeb();
    await web.predict(await photo());
    const fence = (await web.store.acquireLease('sync', 'test', web.time.now, 60_000))!;
    await web.store.saveEstimates([estimate({ window: '1d' }), estimate()], fence);
    const written = run(process.execPath, [
      ...SCRIPT,
      '--url',
      web.url,
      '--window',
      '3w',
      '--out',
      out,
    ]);
    await assert.rejects(written, (error: Error & { stderr?: string }) =>
      /--window 3w: .* some of: (1d, 7d|7d, 1d)\./.test(error.stderr ?? ''),
    );
    await web.stop();
    assert.ok(!existsSync(out));
  });

  it('says what to do when nothing answers', async () => {
    await assert.rejects(
      run(process.execPath, [...SCRIPT, '--url', 'http://127.0.0.1:9', '--out', out]),
      (error: Error & { stderr?: string }) => /Is Truthloop running/.test(error.stderr ?? ''),
    );
  });
});
