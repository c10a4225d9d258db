import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { OPS, startTestWeb, type TestWeb } from '../web/start-test-web.ts';
import { type Outcome, runCommand } from './run-command.ts';

describe('npm run keys', function () {
  this.timeout(60_000);
  let web: TestWeb;
  const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-keys-'));
  before(async () => {
    web = await startTestWeb({ options: { classifier: null } });
  });
  after(async () => {
    await web.stop();
    rmSync(folder, { recursive: true });
  });
  const keys = (...given: string[]): Promise<Outcome> =>
    runCommand(
      {
        DATA_DIR: folder,
        OPS_KEY: OPS.Authorization.replace('Bearer ', ''),
        WEB_PORT: new URL(web.url).port,
      },
      folder,
      'keys',
      ...given,
    );

  it('makes a key that reports, lists its name, and revokes it', async () => {
    const made = await keys('make', 'app');
    assert.equal(made.code, 0, made.stderr);
    const report = { prediction: 'square', probability: 0.8, model_version: 'm' };
    const headers = { Authorization: `Bearer ${made.stdout.trim()}` };
    assert.equal((await web.post('/api/predictions', report, headers)).status, 201);
    assert.match((await keys('list')).stdout, /^app {2}made 2026-/);
    assert.equal((await keys('revoke', 'app')).code, 0);
    assert.equal((await web.post('/api/predictions', report, headers)).status, 401);
    assert.match((await keys('list')).stdout, /No service has a key/);
  });

  it('says what is wrong: usage, an unknown name, nothing running', async () => {
    assert.match((await keys('--help')).stdout, /revoke NAME/);
    for (const given of [[], ['make'], ['burn', 'app'], ['list', 'x'], ['--what']])
      assert.equal((await keys(...given)).code, 2, given.join(' '));
    const unknown = await keys('revoke', 'nobody');
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no reporting service "nobody"/);
    const silent = await keys('list', '--url', 'http://127.0.0.1:1');
    assert.match(silent.stderr, /does not answer.*npm start/);
  });
});
