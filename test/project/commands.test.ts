import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import type { Outcome } from '../operate/run-command.ts';

const root = path.resolve(import.meta.dirname, '../..');
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

describe('the commands of package.json', function () {
  this.timeout(120_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-commands-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs it as npm would, in a folder of its own. */
  const run = (name: string, ...args: readonly string[]): Promise<Outcome> => {
    const [file = '', ...fixed] = (scripts[name] ?? '').split(' ').slice(1);
    const words = file === 'node' ? fixed : [file, ...fixed];
    const [script = '', ...rest] = words;
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        ['--import', tsx, path.join(root, script), ...rest, ...args],
        { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder } },
        (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
        },
      );
    });
  };

  // The others read the records; their own tests ask them.
  const WITH_HELP = [
    ...['start', 'traffic', 'plan', 'report', 'invite', 'secrets', 'drift-reference', 'fuzz'],
    ...['pin-digests', 'simulate', 'bench', 'screenshots'],
  ];
  for (const name of WITH_HELP)
    it(`npm run ${name} -- --help says what it does, and does nothing`, async () => {
      const { code, stdout, stderr } = await run(name, '--help');
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`npm (run )?(--silent )?(run )?(--silent )?${name}`));
      assert.equal(stderr, '');
    });

  for (const name of ['traffic', 'plan', 'report', 'pin-digests', 'start'])
    it(`npm run ${name} says in words what it does not know, without a stack`, async () => {
      const { code, stderr } = await run(name, '--made-up');
      assert.equal(code, 2);
      assert.match(stderr, /--made-up/);
      assert.doesNotMatch(stderr, /\n\s+at /);
    });

  it('traffic, plan and report ask the installation of the folder, by the port in its .env', async () => {
    // The port of nothing: nobody answers, and who was asked is said.
    writeFileSync(path.join(folder, '.env'), 'WEB_PORT=9\nLABEL_BUDGET_PER_DAY=17\n');
    writeFileSync(path.join(folder, 'photo.jpg'), '');
    const [traffic, plan, report] = await Promise.all([
      run('traffic', '--photos', folder),
      run('plan', '--half-width', '0.02'),
      run('report'),
    ]);
    const unreached = /^http:\/\/127\.0\.0\.1:9 can't be reached/;
    assert.match(traffic.stderr, unreached);
    assert.match(report.stderr, unreached);
    assert.deepEqual([traffic.code, report.code], [1, 1]);
    assert.match(
      plan.stdout,
      /17 labels a day \(from options and defaults: http:\/\/127\.0\.0\.1:9 /,
    );
  });
});
