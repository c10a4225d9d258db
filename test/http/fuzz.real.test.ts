import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';

import { inputOf, keepInput, keptIn, readInput } from '../../scripts/fuzz/inputs.ts';
import { createChance } from '../../scripts/simulate/chance.ts';
import { SHARED_DIR } from '../servers/fastapi-peer.ts';
import { temporaryFolder } from '../servers/server.ts';

const KEPT = path.resolve(import.meta.dirname, '../fixtures/fuzz');

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

  it('sends what was kept, then ten seconds of damaged photos, and finds none but documented answers', () => {
    const photos = path.join(SHARED_DIR, 'photos');
    const { status, stdout, stderr } = fuzz('--seconds', '10', '--photos', photos);
    assert.equal(status, 0, stdout + stderr);
    assert.ok(stdout.includes(`${keptIn(KEPT).length} kept inputs sent, 0 failed`), stdout);
    assert.match(stdout, /seed \d+: \d+ sent, 0 failed/);
  });
  it('sends an input that it kept once more', () => {
    const body = Buffer.from('{"image": "AAAA');
    const headers = { 'Content-Type': 'application/json' };
    const file = keepInput(folder, 'kept', { door: 'report', headers, body }, { seed: 1 });
    const { status, stdout } = fuzz('--replay', file);
    assert.deepEqual([status, stdout.trim()], [0, '1 kept inputs sent, 0 failed']);
  });
  it('keeps an input byte for byte, and makes the same ones of the same seed', () => {
    const made = (): ReturnType<typeof inputOf> => {
      const chance = createChance(5);
      return inputOf('batch', Buffer.from('no picture'), () => chance.uniform());
    };
    assert.deepEqual(readInput(keepInput(folder, 'made', made(), { seed: 5 })), made());
  });
});
