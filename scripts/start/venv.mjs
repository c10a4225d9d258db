// @ts-check
// Virtual environments: complete or not there. A marker file is written last; without it the folder is made anew.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { findPython } from './python.mjs';
import { run } from './run.mjs';
import { StartError } from './start-error.mjs';

const MARKER = 'truthloop-complete';
const LOCK_STALE_MS = 30 * 60_000;

/**
 * Makes a virtual environment with these requirements, unless it is there already. Two processes may ask at once: one
 * installs, the other waits.
 * @param {object} what
 * @param {string} what.folder
 * @param {readonly string[]} what.requirements arguments of pip install
 * @param {string} what.key what the environment was made from; another key makes it anew
 * @param {string} what.logFile
 * @param {Record<string, string | undefined>} what.env
 * @param {import('./run.mjs').OnChild} [what.onChild]
 * @returns {Promise<'there' | 'made'>}
 */
export async function ensureVenv(what) {
  if (isComplete(what.folder, what.key)) return 'there';
  const lock = `${what.folder}.lock`;
  mkdirSync(path.dirname(what.folder), { recursive: true });
  await takeLock(lock);
  try {
    if (isComplete(what.folder, what.key)) return 'there';
    await makeVenv(what);
    return 'made';
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {string} key */
export function isComplete(folder, key) {
  const marker = path.join(folder, MARKER);
  // A link into a Python that was removed since does not exist.
  const isUsable = existsSync(marker) && existsSync(path.join(folder, 'bin', 'python'));
  return isUsable && readFileSync(marker, 'utf8').trim() === key;
}

/** @param {Parameters<typeof ensureVenv>[0]} what */
async function makeVenv({ folder, requirements, key, logFile, env, onChild }) {
  const python = findPython({ env });
  rmSync(folder, { recursive: true, force: true });
  const shared = { env, logFile, ...(onChild === undefined ? {} : { onChild }) };
  await run({ ...shared, name: 'python -m venv', command: python, args: ['-m', 'venv', folder] });
  await run({
    ...shared,
    name: 'pip install',
    command: path.join(folder, 'bin', 'python'),
    args: ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', ...requirements],
  });
  writeFileSync(path.join(folder, MARKER), `${key}\n`);
}

/** @param {string} lock a folder: making one is atomic everywhere */
async function takeLock(lock) {
  const deadline = Date.now() + LOCK_STALE_MS;
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(path.join(lock, 'pid'), String(process.pid));
      return;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    if (isAbandoned(lock)) rmSync(lock, { recursive: true, force: true });
    else if (Date.now() > deadline)
      throw new StartError(`Another installation holds ${lock} for too long: remove that folder.`);
    else await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Its owner is gone, or (the id is not written yet, or was given to another program since) it is too old. @param {string} lock */
function isAbandoned(lock) {
  try {
    if (Date.now() - statSync(lock).mtimeMs > LOCK_STALE_MS) return true;
    const pid = Number(readFileSync(path.join(lock, 'pid'), 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ESRCH';
  }
}
