// @ts-check
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { describeRefusedToken } from './label-studio.mjs';
import { launch, reachable, waitForAll } from './launch.mjs';
import { installAndBuild, prepareLabelStudio, prepareModel } from './prepare.mjs';
import { openReport } from './report.mjs';
import { explain } from './run.mjs';
import { checkPorts, findOnPath, ownsLabelStudio, planServices } from './services.mjs';
import { openSession } from './session.mjs';
import { readSettings } from './settings.mjs';
import { StartError } from './start-error.mjs';
import { summarize } from './summary.mjs';

/** @typedef {import('./prepare.mjs').Context} Context */
/** @typedef {import('./prepare.mjs').Settings} Settings */
/** @typedef {Context['session']} Session */
/** @typedef {Context['report']} Report */

const HELP = `npm start

Installs what is missing, builds, makes the demonstration model, and runs Truthloop with a Label Studio (and Prometheus and
Grafana where they are installed) until Ctrl-C. It takes no options: settings stand in the environment or in .env, for
instance WEB_PORT=5001 npm start. All of them: docs/settings.md`;
const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
/** npm passes on a Ctrl-C that the terminal has sent here as well: what follows so closely is the same one. */
const SAME_SIGNAL_MS = 1000;

/** `npm start`: ends with exit code 0 when asked to, 1 when something is wrong. */
export async function main() {
  const words = process.argv.slice(2);
  if (words.length > 0) {
    const isHelp = words.every((word) => word === '--help' || word === '-h');
    (isHelp ? console.log : console.error)(
      isHelp ? HELP : `npm start takes no ${words.join(' ')}.\n\n${HELP}`,
    );
    process.exit(isHelp ? 0 : 2);
  }
  const session = openSession();
  const report = openReport(process.stdout);
  endWithSignals(session, report);
  try {
    await bringUp({ session, report, root: ROOT }, process.env);
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

/** @param {Context} context @param {Record<string, string | undefined>} processEnv */
async function bringUp(context, processEnv) {
  const began = Date.now();
  const { report, root } = context;
  await installAndBuild(context, processEnv);
  const settings = await readSettings({ root, env: processEnv, warn: report.say });
  const { config, dataDir } = settings;
  const beside = whatRunsBeside(settings);
  const services = planServices(config, beside);
  await checkPorts(services, config['HOST']);
  const logs = path.join(dataDir, 'logs');
  mkdirSync(logs, { recursive: true, mode: 0o700 });
  await prepareModel(context, settings, path.join(logs, 'set-up.log'));
  if (beside.labelStudio) {
    await prepareLabelStudio(context, settings, path.join(logs, 'set-up.log'));
  }
  const launched = await launch(context, settings, beside, logs);
  await waitForAll(context, services, launched, config);
  const seconds = Math.round((Date.now() - began) / 1000);
  const { grafanaPasswordFile } = launched;
  const shownDataDir = shortest(root, dataDir);
  report.say(summarize({ config, beside, dataDir: shownDataDir, grafanaPasswordFile, seconds }));
  if (config['ROLES'].includes('sync')) {
    await tellRefusedToken(report, settings, beside.labelStudio);
  }
}

/** @param {Settings} settings @returns {import('./launch.mjs').Beside} */
function whatRunsBeside({ config, env }) {
  return {
    labelStudio: ownsLabelStudio(config, env),
    prometheus: findOnPath('prometheus', env),
    grafana: findOnPath('grafana', env) ?? findOnPath('grafana-server', env),
  };
}

/** @param {Report} report @param {Settings} settings @param {boolean} isOwn whether Label Studio was started here */
async function tellRefusedToken(report, { config, dataDir }, isOwn) {
  const local = `http://${reachable(config['HOST'])}:${config['LABEL_STUDIO_PORT']}`;
  const refusal = await describeRefusedToken({
    url: isOwn ? local : config['LABEL_STUDIO_URL'],
    token: config['LABEL_STUDIO_TOKEN'],
    dataDir: isOwn ? path.join(dataDir, 'label-studio') : null,
  });
  if (refusal !== null) report.say(`\n${refusal}`);
}

/** A path as a person would write it. @param {string} root @param {string} folder */
function shortest(root, folder) {
  const relative = path.relative(root, folder);
  return relative.startsWith('..') ? folder : relative;
}

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
