// @ts-check
import { spawnSync } from 'node:child_process';

import { StartError } from './start-error.mjs';

/** Newest first: what is installed under several names is taken in the form that lives longest. */
const NAMES = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3', 'python'];
const PROBE =
  'import sys; v = sys.version_info; print("%d.%d" % v[:2]); import venv, ensurepip; print("venv"); print(sys.executable)';

/** @typedef {{ name: string, version: string | null, hasVenv: boolean, executable: string }} Probe */

/**
 * The Python to make virtual environments with. A name on the PATH proves nothing (shims of version managers may point
 * nowhere), so each is run.
 * @param {{ env: Record<string, string | undefined>, probe?: (name: string) => Probe }} options PYTHON in `env` wins
 * @returns {string} its absolute path
 * @throws {StartError} saying what was found and what to install
 */
export function findPython({ env, probe = (name) => probePython(name, env) }) {
  const asked = env['PYTHON'];
  const found = (asked === undefined || asked === '' ? NAMES : [asked]).map(probe);
  const good = found.find((python) => isSupported(python.version) && python.hasVenv);
  if (good !== undefined) return good.executable;
  throw new StartError(describeLack(found, asked));
}

/** @param {string | null} version such as 3.12 */
function isSupported(version) {
  const [major, minor] = (version ?? '0.0').split('.').map(Number);
  return major === 3 && minor !== undefined && minor >= 10 && minor <= 13;
}

/** @param {readonly Probe[]} found @param {string | undefined} asked */
function describeLack(found, asked) {
  const wanted = 'Python 3.10 to 3.13 is needed (for Label Studio and for making the model)';
  const running = found.filter(({ version }) => version !== null);
  const withoutVenv = running.find(({ version }) => isSupported(version));
  if (withoutVenv !== undefined) {
    return `${wanted}. ${withoutVenv.name} is ${withoutVenv.version}, but its venv module is missing. On Debian or Ubuntu: sudo apt-get install python3-venv; then run this again.`;
  }
  if (running.length > 0) {
    const list = running.map(({ name, version }) => `${name} is ${version}`).join(', ');
    return `${wanted}. Found only: ${list}. Install a version in that range, or set PYTHON to the path of one.`;
  }
  const looked = asked === undefined || asked === '' ? NAMES.join(', ') : `PYTHON=${asked}`;
  return `${wanted}. None could be run (tried ${looked}). Install one (Debian or Ubuntu: sudo apt-get install python3 python3-venv; macOS: brew install python@3.13), or set PYTHON to the path of one.`;
}

/** @param {string} name @param {Record<string, string | undefined>} env @returns {Probe} */
export function probePython(name, env) {
  const { stdout } = spawnSync(name, ['-c', PROBE], { env, encoding: 'utf8', timeout: 20_000 });
  const [version, venv, executable] = (stdout ?? '').trim().split('\n');
  return {
    name,
    version: version === undefined || version === '' ? null : version,
    hasVenv: venv === 'venv',
    executable: executable ?? name,
  };
}
