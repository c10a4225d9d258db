import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { withSecrets } from '../../src/config/secrets-file.ts';
import { type FakeLabelStudio, startFakeLabelStudio } from '../fakes/label-studio.ts';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('npm run invite', function () {
  this.timeout(60_000);
  let fake: FakeLabelStudio;
  let folder: string;
  before(async () => {
    fake = await startFakeLabelStudio();
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-invite-'));
    withSecrets({}, folder, () => undefined);
  });
  after(async () => {
    await fake.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const invite = (env: Record<string, string>, ...given: string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      const args = [
        '--import',
        pathToFileURL(path.resolve('node_modules/tsx/dist/loader.mjs')).href,
        path.resolve('scripts/invite.ts'),
      ];
      const options = { env: { PATH: process.env['PATH'], DATA_DIR: folder, ...env }, cwd: folder };
      execFile(process.execPath, [...args, ...given], options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });

  it('prints the link and nothing else', async () => {
    const outcome = await invite({
      LABEL_STUDIO_URL: fake.url,
      LABEL_STUDIO_PUBLIC_URL: 'https://labels.example.org',
      LABEL_STUDIO_TOKEN: fake.token,
    });
    assert.deepEqual(outcome, {
      code: 0,
      stdout: 'https://labels.example.org/user/signup/?token=T\n',
      stderr: '',
    });
  });

  it('says what to check when Label Studio is not there or refuses the token', async () => {
    const url = { LABEL_STUDIO_URL: fake.url };
    const wrong = await invite({ ...url, LABEL_STUDIO_TOKEN: '0'.repeat(40) });
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /LABEL_STUDIO_TOKEN/);
    const nobody = await invite({ LABEL_STUDIO_PORT: '1' });
    assert.equal(nobody.code, 1);
    assert.match(nobody.stderr, /Is it running, and is LABEL_STUDIO_URL right\?/);
    assert.equal(wrong.stdout + nobody.stdout, '');
  });

  it('in a folder where nothing was started makes no secrets, and says so', async () => {
    const DATA_DIR = path.join(folder, 'mistyped');
    const outcome = await invite({ DATA_DIR, LABEL_STUDIO_URL: fake.url });
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /mistyped\/secrets\.env is not there: .*npm start makes it/);
    assert.ok(!existsSync(DATA_DIR));
  });

  it('--help says what it does; anything else is refused', async () => {
    const help = await invite({}, '--help');
    assert.equal(help.code, 0);
    assert.match(help.stdout, /Usage: npm run/);
    assert.equal((await invite({}, '--what')).code, 2);
  });
});
