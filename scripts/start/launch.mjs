// @ts-check
// Starting the servers, each with its own log.
import { existsSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

import { startLabelStudio } from './label-studio.mjs';
import { prepareGrafana, preparePrometheus } from './monitoring.mjs';
import { askReady, waitUntilReady } from './process.mjs';

/** @typedef {import('./prepare.mjs').Context} Context */
/** @typedef {import('./prepare.mjs').Settings} Settings */
/** @typedef {import('./process.mjs').StartedProcess} StartedProcess */
/** @typedef {{ labelStudio: boolean, prometheus: string | null, grafana: string | null }} Beside what is started beside the program */

/** Label Studio makes its database at its first start, which a busy machine takes minutes for. */
const READY_WITHIN_MS = 600_000;
const LOG_BYTES_MAX = 10 * 1024 * 1024;

/**
 * Starts everything at once.
 * @param {Context} context
 * @param {Settings} settings
 * @param {Beside} beside
 * @param {string} logs folder
 * @returns the children by the name of their service, and where Grafana's password is
 */
export async function launch({ session, root }, settings, beside, logs) {
  const { env, config, dataDir } = settings;
  const where = { root, dataDir, config, env };
  /** @type {Map<string, StartedProcess>} */
  const children = new Map();
  if (beside.labelStudio) {
    children.set('Label Studio', session.keep(launchLabelStudio(settings, logs)));
  }
  const program = session.start({
    name: 'Truthloop',
    command: process.execPath,
    args: [path.join(root, 'dist', 'main.js')],
    cwd: root,
    env,
    logFile: freshLog(logs, 'truthloop'),
  });
  if (beside.prometheus !== null) {
    const plan = await preparePrometheus({ ...where, command: beside.prometheus });
    const logFile = freshLog(logs, 'prometheus');
    children.set(plan.name, session.start({ ...plan, env, logFile }));
  }
  if (beside.grafana === null) return { program, children, grafanaPasswordFile: null };
  const { passwordFile, ...plan } = prepareGrafana({ ...where, command: beside.grafana });
  children.set(plan.name, session.start({ ...plan, logFile: freshLog(logs, 'grafana') }));
  return { program, children, grafanaPasswordFile: passwordFile };
}

/** @param {Settings} settings @param {string} logs */
function launchLabelStudio({ env, config, dataDir }, logs) {
  return startLabelStudio({
    env,
    host: config['HOST'],
    port: config['LABEL_STUDIO_PORT'],
    dataDir: path.join(dataDir, 'label-studio'),
    logFile: freshLog(logs, 'label-studio'),
    account: {
      username: config['LABEL_STUDIO_USERNAME'],
      password: config['LABEL_STUDIO_PASSWORD'],
      token: config['LABEL_STUDIO_TOKEN'],
    },
  });
}

/**
 * Waits until each service answers, as long as everything lives.
 * @param {Context} context
 * @param {readonly import('./services.mjs').Service[]} services
 * @param {Awaited<ReturnType<typeof launch>>} launched
 * @param {Settings['config']} config
 */
export async function waitForAll({ session, report }, services, { program, children }, config) {
  const host = config['HOST'];
  for (const { name, port, path: readyPath } of services) {
    const url = `http://${reachable(host)}:${port}${readyPath}`;
    const child = children.get(name) ?? program;
    let missing = '';
    const isReady = async () => {
      const answer = await askReady(url);
      missing = describeMissing(answer.failing, config);
      return answer.isReady;
    };
    const ready = waitUntilReady(child, isReady, READY_WITHIN_MS, () => missing);
    const work = () => Promise.race([ready, session.death]);
    await report.step(`Waiting for ${name}`, work, () => missing);
  }
}

/**
 * @param {readonly string[]} failing checks of a role that answers and is not ready
 * @param {Settings['config']} config
 */
export function describeMissing(failing, config) {
  if (!failing.includes('classifier')) {
    return failing.length === 0 ? '' : `it answers, but is not ready: ${failing.join(', ')}`;
  }
  const wanted = `no classifier answers at ${config['CLASSIFIER_URL']}`;
  return config['ROLES'].includes('classifier')
    ? wanted
    : `${wanted}: start one, or set CLASSES_FILE where predictions are only reported`;
}

/** Where a server that listens on `host` answers on this machine. @param {string} host */
export const reachable = (host) => (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host);

/** A log goes on where it ended; a large one makes room, and the one before it goes. @param {string} logs @param {string} name */
function freshLog(logs, name) {
  const file = path.join(logs, `${name}.log`);
  if (existsSync(file) && statSync(file).size > LOG_BYTES_MAX) renameSync(file, `${file}.1`);
  return file;
}
