// @ts-check
// Label Studio from PyPI, in a virtual environment of its own, for one team on one machine.
import { mkdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { startProcess } from './process.mjs';
import { ensureVenv } from './venv.mjs';

export const LABEL_STUDIO_VERSION = '1.23.2';

/**
 * What Label Studio's webhooks must not reach although they may reach this machine: its own default list without
 * loopback, to which they go.
 */
const BANNED_SUBNETS = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '233.252.0.0/24',
  '240.0.0.0/4',
  '255.255.255.255/32',
  '::/128',
  '::ffff:0:0/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001:0000::/32',
  '2001:20::/28',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];

/** @typedef {Record<string, string | undefined>} Environment */

/** @param {Environment} env @returns {string} where the virtual environment is, or will be made */
export function labelStudioVenv(env) {
  const asked = env['LABEL_STUDIO_VENV'];
  if (asked !== undefined && asked !== '') return path.resolve(asked);
  return path.join(cacheFolder(env), `label-studio-${LABEL_STUDIO_VERSION}`);
}

/** @param {Environment} env @returns {string} where things that can be made again are kept between installations */
export function cacheFolder(env) {
  const home = env['XDG_CACHE_HOME'];
  const base = home === undefined || home === '' ? path.join(os.homedir(), '.cache') : home;
  return path.join(base, 'truthloop');
}

/**
 * Installs Label Studio unless it is there.
 * @param {{ env: Environment, logFile: string, onChild?: import('./run.mjs').OnChild }} options
 */
export function installLabelStudio({ env, logFile, onChild }) {
  return ensureVenv({
    folder: labelStudioVenv(env),
    requirements: [`label-studio==${LABEL_STUDIO_VERSION}`],
    key: `label-studio==${LABEL_STUDIO_VERSION}`,
    logFile,
    env,
    ...(onChild === undefined ? {} : { onChild }),
  });
}

/**
 * Starts Label Studio (installed before); it answers GET /health when it is ready.
 * @param {object} options
 * @param {Environment} options.env of this process: where the virtual environment is, and the few variables passed on
 * @param {string} options.host address to listen on
 * @param {number} options.port free; Label Studio silently takes the next one when it is not
 * @param {string} options.dataDir its state
 * @param {string} options.logFile
 * @param {{ username: string, password: string, token: string }} options.account made at the first start
 */
export function startLabelStudio({ env, host, port, dataDir, logFile, account }) {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  return startProcess({
    name: 'Label Studio',
    command: path.join(labelStudioVenv(env), 'bin', 'label-studio'),
    args: ['start', '--no-browser', '--internal-host', host, '--port', String(port)],
    env: labelStudioEnvironment(env, dataDir, account),
    logFile,
    cwd: dataDir,
  });
}

/** Only what it needs: it reads HOST, PORT and others without a prefix, and they mean something else here. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TMPDIR',
  'TZ',
  'OPENBLAS_CORETYPE',
  'OPENBLAS_L2_SIZE',
];

/**
 * @param {Environment} env
 * @param {string} dataDir
 * @param {{ username: string, password: string, token: string }} account
 * @returns {Environment}
 */
export function labelStudioEnvironment(env, dataDir, account) {
  const passed = Object.fromEntries(
    PASSED_ON.filter((name) => env[name] !== undefined).map((name) => [name, env[name]]),
  );
  return {
    ...passed,
    LABEL_STUDIO_BASE_DATA_DIR: dataDir,
    LABEL_STUDIO_USERNAME: account.username,
    LABEL_STUDIO_PASSWORD: account.password,
    LABEL_STUDIO_USER_TOKEN: account.token,
    LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN: 'true',
    LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK: 'true',
    USE_DEFAULT_BANNED_SUBNETS: 'false',
    USER_ADDITIONAL_BANNED_SUBNETS: BANNED_SUBNETS.join(','),
    COLLECT_ANALYTICS: 'False',
    LATEST_VERSION_CHECK: 'false',
    SENTRY_DSN: '',
    FRONTEND_SENTRY_DSN: '',
    PYTHONUNBUFFERED: '1',
  };
}

/**
 * Label Studio sets the token only when it makes the account: a start that was cut off in between, or a token changed
 * since, leaves the sync outside.
 * @param {{ url: string, token: string, dataDir: string | null }} where `dataDir` of the one started here, null for another
 * @returns {Promise<string | null>} how to let the sync in, or null when it is (or when only the sync can tell: a
 *   personal access token)
 */
export async function describeRefusedToken({ url, token, dataDir }) {
  if (!/^[0-9a-f]{40}$/.test(token)) return null;
  const status = await askWhoAmI(url, token);
  if (status === null && dataDir === null) {
    return `Label Studio does not answer at LABEL_STUDIO_URL=${url}: no tasks are made and no labels read until it does.`;
  }
  if (status !== 401) return null;
  const refused = 'Label Studio refuses LABEL_STUDIO_TOKEN: no tasks are made and no labels read.';
  return dataDir === null
    ? `${refused} Log in at ${url}, make a token (Account & Settings), set LABEL_STUDIO_TOKEN to it and start again.`
    : `${refused} If nobody has labelled there yet, stop, remove ${dataDir} and start again, which makes the account anew. Otherwise log in, make a token (Account & Settings), put it into secrets.env and start again.`;
}

/** @param {string} url @param {string} token @returns {Promise<number | null>} status; null when nothing answers */
async function askWhoAmI(url, token) {
  try {
    const response = await fetch(`${url}/api/current-user/whoami`, {
      headers: { authorization: `Token ${token}` },
      signal: AbortSignal.timeout(30_000),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return null;
  }
}
