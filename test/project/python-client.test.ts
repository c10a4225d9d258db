import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const VERSIONS = ['3.10', '3.11', '3.12', '3.13'];

/** Commands of one Python version: on the PATH, or installed by pyenv. */
async function findPython(version: string): Promise<string | null> {
  const pyenv = path.join(os.homedir(), '.pyenv', 'versions');
  const installed = await Promise.resolve()
    .then(() => readdirSync(pyenv))
    .catch(() => [] as string[]);
  const candidates = [
    `python${version}`,
    ...installed
      .filter((name) => name.startsWith(`${version}.`))
      .map((name) => path.join(pyenv, name, 'bin', 'python')),
    'python3',
  ];
  for (const command of candidates) {
    const told = await run(command, ['--version']).catch(() => null);
    if (told?.stdout.startsWith(`Python ${version}.`) === true) return command;
  }
  return null;
}

describe('the Python client', function () {
  this.timeout(300_000);

  it('passes its tests on every Python from 3.10 to 3.13 that this machine has', async () => {
    const found = await Promise.all(VERSIONS.map(findPython));
    const pythons = found.filter((command) => command !== null);
    assert.ok(pythons.length > 0, 'Python 3.10 to 3.13 is needed: none of these was found');
    await Promise.all(
      pythons.map((python) =>
        run(python, ['-W', 'error', '-m', 'unittest', 'discover', '-s', 'clients/python/tests']),
      ),
    );
  });
});
