import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';

import { temporaryFolder, writeText } from '../servers/server.ts';

describe('npm run fuzz', function () {
  this.timeout(240_000);
  let folder: string;
  before(() => (folder = temporaryFolder('fuzz')));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const fuzz = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'scripts/fuzz.ts', ...args], {
      encoding: 'utf8',
    });

  it('finds no answer but the documented ones in ten seconds', () => {
    const { status, stdout, stderr } = fuzz('--seconds', '10', '--keep', folder);
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /seed \d+: \d+ sent, 0 failed/);
  });
  it('sends an input that it kept once more', () => {
    const body = Buffer.from('{"image": "AAAA').toString('base64');
    const kept = { door: 'report', headers: { 'Content-Type': 'application/json' }, body };
    const file = writeText(folder, 'kept.json', JSON.stringify(kept));
    const { status, stdout } = fuzz('--replay', file);
    assert.deepEqual([status, stdout.trim()], [0, 'answered as it must be']);
  });
});
