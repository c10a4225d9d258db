// @ts-check
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { ensureBuilt } from './build.mjs';
import {
  describeRefusedToken,
  installLabelStudio,
  LABEL_STUDIO_VERSION,
  labelStudioVenv,
  startLabelStudio,
} from './label-studio.mjs';
import { isModelMissing, makeModel } from './model.mjs';
import { prepareGrafana, preparePrometheus } from './monitoring.mjs';
import { arePackagesInstalled, ensurePackages } from './packages.mjs';
import { answers, waitUntilReady } from './process.mjs';
import { openReport } from './report.mjs';
import { explain } from './run.mjs';
import { checkPorts, findOnPath, ownsLabelStudio, planServices } from './services.mjs';
import { openSession } from './session.mjs';
import { readSettings } from './settings.mjs';
import { StartError } from './start-error.mjs';
import { summarize } from './summary.mjs';
import { isComplete } from './venv.mjs';

/** @typedef {ReturnType<typeof openSession>} Session */
/** @typedef {ReturnType<typeof openReport>} Report */
/** @typedef {Record<string, string | undefined>} Environment */

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Label Studio makes its database at its first start, which a busy machine takes minutes for. */
const READY_WITHIN_MS = 600_000;
/** npm passes on a Ctrl-C that the terminal has sent here as well: what follows so closely is the same one. */
const SAME_SIGNAL_MS = 1000;
const LOG_BYTES_MAX = 10 * 1024 * 1024;
const MIB = 1024 * 1024;
/** What Label Studio's environment takes, with room to unpack. */
const LABEL_STUDIO_MIB = 1600;

/** `npm start`: ends with exit code 0 when asked to, 1 when something is wrong. */
export async function main() {
  const session = openSession();
  const report = openReport(process.stdout);
  endWithSignals(session, report);
  try {
    await bringUp(session, report, process.env);
    await session.death;
  } catch (error) {
    if (session.isStopping()) return;
    await session.stop();
    console.error(`\n${describe(error)}`);
    process.exit(1);
  }
}

/** @param {unknown} error */
function describe(error) {
  if (error instanceof StartError) return error.message;
  const { message, stack } = /** @type {Error} */ (error);
  const explained = explain(message, message);
  return explained === message ? String(stack) : explained;
}

/** @param {Session} session @param {Report} report @param {Environment} env */
async function bringUp(session, report, env) {
  const began = Date.now();
  const installLog = path.join(ROOT, 'node_modules', '.install.log');
  await installAndBuild(session, report, env, installLog);
  const settings = await readSettings({ root: ROOT, env, warn: report.say });
  const { config, dataDir } = settings;
  const programs = {
    prometheus: findOnPath('prometheus', env),
    grafana: findOnPath('grafana', env) ?? findOnPath('grafana-server', env),
  };
  const beside = {
    labelStudio: ownsLabelStudio(config, settings.env),
    prometheus: programs.prometheus !== null,
    grafana: programs.grafana !== null,
  };
  const services = planServices(config, beside);
  await checkPorts(services, config['HOST']);
  const logs = path.join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  await prepareModel(session, report, settings, path.join(logs, 'set-up.log'));
  if (beside.labelStudio) await prepareLabelStudio(session, report, settings.env, logs);
  // Everything starts at once; then each is waited for.
  const children = new Map();
  if (beside.labelStudio) children.set('Label Studio', launchLabelStudio(session, settings, logs));
  const program = session.start({
    name: 'Truthloop',
    command: process.execPath,
    args: [path.join(ROOT, 'dist', 'main.js')],
    cwd: ROOT,
    env: settings.env,
    logFile: freshLog(logs, 'truthloop'),
  });
  const grafana = await launchMonitoring(session, settings, programs, logs, children);
  for (const { name, port, path: readyPath } of services) {
    const child = children.get(name) ?? program;
    const url = `http://${reachable(config['HOST'])}:${port}${readyPath}`;
    const ready = waitUntilReady(child, () => answers(url), READY_WITHIN_MS);
    await report.step(`Waiting for ${name}`, () => Promise.race([ready, session.death]));
  }
  const refusal = beside.labelStudio ? await describeRefusal(config, dataDir) : null;
  report.say(
    summarize({
      config,
      beside,
      dataDir: path.relative(ROOT, dataDir).startsWith('..')
        ? dataDir
        : path.relative(ROOT, dataDir),
      grafanaPasswordFile: grafana?.passwordFile ?? null,
      seconds: Math.round((Date.now() - began) / 1000),
    }),
  );
  if (refusal !== null) report.say(`\n${refusal}`);
}

/** @param {Readonly<Record<string, any>>} config @param {string} dataDir */
const describeRefusal = (config, dataDir) =>
  describeRefusedToken({
    url: `http://${reachable(config['HOST'])}:${config['LABEL_STUDIO_PORT']}`,
    token: config['LABEL_STUDIO_TOKEN'],
    dataDir: path.join(dataDir, 'label-studio'),
  });

/** @param {Session} session @param {Report} report @param {Environment} env @param {string} logFile */
async function installAndBuild(session, report, env, logFile) {
  const what = { root: ROOT, env, logFile, onChild: session.watch };
  if (!arePackagesInstalled(ROOT)) {
    // npm ci removes node_modules first: its log has to be elsewhere.
    const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-npm-ci-'));
    const elsewhere = { ...what, logFile: path.join(folder, 'npm-ci.log') };
    await report.step('Installing npm packages', () => ensurePackages(elsewhere));
    rmSync(folder, { recursive: true });
  }
  await report.step('Building', () => ensureBuilt(what));
}

/** @typedef {{ env: Environment, config: Readonly<Record<string, any>>, dataDir: string }} Settings */

/** @param {Session} session @param {Report} report @param {Settings} settings @param {string} logFile */
async function prepareModel(session, report, { env, config }, logFile) {
  if (!isModelMissing(/** @type {any} */ (config), ROOT)) return;
  await report.step('Making the demonstration model (once)', () =>
    makeModel({ root: ROOT, env, logFile, onChild: session.watch }),
  );
}

/** @param {Session} session @param {Report} report @param {Environment} env @param {string} logs */
async function prepareLabelStudio(session, report, env, logs) {
  const folder = labelStudioVenv(env);
  if (isComplete(folder, `label-studio==${LABEL_STUDIO_VERSION}`)) return;
  checkSpace(folder, LABEL_STUDIO_MIB);
  await report.step(
    `Installing Label Studio ${LABEL_STUDIO_VERSION} (once, two to four minutes)`,
    () =>
      installLabelStudio({
        env,
        logFile: path.join(logs, 'set-up.log'),
        onChild: session.watch,
      }),
  );
}

/** @param {string} folder @param {number} mib */
function checkSpace(folder, mib) {
  let existing = folder;
  while (!existsSync(existing)) existing = path.dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  const freeMib = Math.floor((bavail * bsize) / MIB);
  if (freeMib >= mib) return;
  throw new StartError(
    `The disk is nearly full: Label Studio needs ${mib} MiB under ${folder}, and ${freeMib} MiB are free. Free some space, or set LABEL_STUDIO_VENV to a folder on another disk.`,
  );
}

/** @param {Session} session @param {Settings} settings @param {string} logs */
function launchLabelStudio(session, { env, config, dataDir }, logs) {
  return session.keep(
    startLabelStudio({
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
    }),
  );
}

/**
 * @param {Session} session
 * @param {Settings} settings
 * @param {{ prometheus: string | null, grafana: string | null }} programs
 * @param {string} logs
 * @param {Map<string, import('./process.mjs').StartedProcess>} children started ones are added
 */
async function launchMonitoring(session, { env, config, dataDir }, programs, logs, children) {
  const where = { root: ROOT, dataDir, config, env };
  if (programs.prometheus !== null) {
    const plan = await preparePrometheus({ ...where, command: programs.prometheus });
    const logFile = freshLog(logs, 'prometheus');
    children.set(plan.name, session.start({ ...plan, env, logFile }));
  }
  if (programs.grafana === null) return null;
  const plan = prepareGrafana({ ...where, command: programs.grafana });
  children.set(plan.name, session.start({ ...plan, logFile: freshLog(logs, 'grafana') }));
  return plan;
}

/** A log goes on where it ended; a large one makes room, and the one before it goes. @param {string} logs @param {string} name */
function freshLog(logs, name) {
  const file = path.join(logs, `${name}.log`);
  if (existsSync(file) && statSync(file).size > LOG_BYTES_MAX) renameSync(file, `${file}.1`);
  return file;
}

/** Where a server that listens on `host` answers on this machine. @param {string} host */
const reachable = (host) => (host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host);

/** @param {Session} session @param {Report} report */
function endWithSignals(session, report) {
  let askedAt = 0;
  const end = async () => {
    if (session.isStopping()) {
      if (Date.now() - askedAt < SAME_SIGNAL_MS) return;
      session.kill();
      process.exit(1);
    }
    askedAt = Date.now();
    report.say('\nStopping ... (once more to end at once)');
    await session.stop();
    report.say('Stopped.');
    process.exit(0);
  };
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => void end());
  }
  endWithNpm(end);
}

/** npm may be gone without having passed a signal on; nobody could end this then. @param {() => Promise<void>} end */
function endWithNpm(end) {
  if (process.env['npm_lifecycle_event'] !== 'start') return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    void end();
  }, 1000);
  timer.unref();
}
