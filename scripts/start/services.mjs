// @ts-check
// Which servers this start brings up, and where.
import { accessSync, constants, statSync } from 'node:fs';
import path from 'node:path';

import { freePortNear, tryPort } from './ports.mjs';
import { StartError } from './start-error.mjs';

/** @typedef {{ name: string, setting: string, port: number, path: string }} Service `path` answers 2xx when it is ready */
/** @typedef {Readonly<Record<string, any>>} Config as src/config parses it */

/** @param {Config} config @param {Record<string, string | undefined>} env */
export function ownsLabelStudio(config, env) {
  const given = env['LABEL_STUDIO_URL'];
  return config['ROLES'].includes('sync') && (given === undefined || given === '');
}

const ROLE_SERVICES = /** @type {const} */ ([
  ['web', 'Web', 'WEB_PORT'],
  ['classifier', 'Classifier', 'CLASSIFIER_PORT'],
  ['sync', 'Sync', 'SYNC_PORT'],
]);

/**
 * @param {Config} config
 * @param {import('./launch.mjs').Beside} beside
 * @returns {Service[]}
 */
export function planServices(config, beside) {
  const roles = ROLE_SERVICES.filter(([role]) => config['ROLES'].includes(role)).map(
    ([, name, setting]) => service(name, setting, '/readyz'),
  );
  /** @type {(name: string, setting: string, readyPath: string) => Service} */
  function service(name, setting, readyPath) {
    return { name, setting, port: config[setting], path: readyPath };
  }
  return [
    ...roles,
    ...(beside.labelStudio ? [service('Label Studio', 'LABEL_STUDIO_PORT', '/health')] : []),
    ...(beside.prometheus !== null ? [service('Prometheus', 'PROMETHEUS_PORT', '/-/ready')] : []),
    ...(beside.grafana !== null ? [service('Grafana', 'GRAFANA_PORT', '/api/health')] : []),
  ];
}

/**
 * @param {readonly Service[]} services
 * @param {string} host
 * @throws {StartError} naming each port that is taken, its setting and a free one
 */
export async function checkPorts(services, host) {
  const doubled = services.filter(({ port }, i) => services.findIndex((s) => s.port === port) < i);
  if (doubled.length > 0) {
    const names = services.filter(({ port }) => port === doubled[0]?.port).map((s) => s.setting);
    throw new StartError(`${names.join(' and ')} are both ${doubled[0]?.port}: they must differ.`);
  }
  const spoken = new Set(services.map(({ port }) => port));
  /** @type {{ setting: string, port: number, name: string, free: number }[]} */
  const taken = [];
  for (const { setting, port, name } of services) {
    if ((await bind(port, host)) !== null) continue;
    const free = await freePortNear(port, host, spoken);
    spoken.add(free);
    taken.push({ setting, port, name, free });
  }
  if (taken.length === 0) return;
  const running = await findRunning(taken, host);
  const another = running === '' ? '' : 'DATA_DIR=data/second ';
  throw new StartError(`${running}${describeTaken(taken, another)}`);
}

const ANSWER_MS = 2000;

/**
 * Is it Truthloop itself that has the port? Then other ports alone would help nobody.
 * @param {readonly { setting: string, port: number }[]} taken @param {string} host
 * @returns {Promise<string>} words to put in front, or none
 */
async function findRunning(taken, host) {
  const web = taken.find(({ setting }) => setting === 'WEB_PORT');
  if (web === undefined) return '';
  const url = `http://${host}:${web.port}`;
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
    const { checks } = /** @type {{ checks?: { store?: boolean } }} */ (await answer.json());
    if (checks?.store === undefined) return '';
    return `Truthloop runs already: ${url}. To restart it, end it first; a second installation needs a DATA_DIR of its own.\n\n`;
  } catch {
    return '';
  }
}

/** @param {number} port @param {string} host */
async function bind(port, host) {
  try {
    return await tryPort(port, host);
  } catch (cause) {
    throw new StartError(
      `HOST=${host}: nothing can listen there (${/** @type {Error} */ (cause).message}). Use an address of this machine, such as 127.0.0.1.`,
      { cause },
    );
  }
}

/**
 * @param {readonly { setting: string, port: number, name: string, free: number }[]} taken
 * @param {string} before other settings that the command needs
 */
function describeTaken(taken, before) {
  const lines = taken.map(
    ({ setting, port, name, free }) =>
      `Port ${port} (${name}, setting ${setting}) is in use${port < 1024 ? ' or not allowed for this user' : ''}; ${free} is free.`,
  );
  const command = taken.map(({ setting, free }) => `${setting}=${free}`).join(' ');
  return `${lines.join('\n')}\nEnd what uses ${taken.length === 1 ? 'it' : 'them'}, or choose other ports, for instance:\n  ${before}${command} npm start`;
}

/** @param {string} command @param {Record<string, string | undefined>} env @returns {string | null} its path */
export function findOnPath(command, env) {
  const folders = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => path.join(folder, command)).find(isProgram);
  return found ?? null;
}

/** A folder may be "executed" too. @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
