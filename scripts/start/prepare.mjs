// @ts-check
// What has to be there before anything can start. Each step is left out when its outcome is there.
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { ensureBuilt } from './build.mjs';
import { installLabelStudio, LABEL_STUDIO_VERSION, labelStudioVenv } from './label-studio.mjs';
import { isModelMissing, makeModel } from './model.mjs';
import { arePackagesInstalled, ensurePackages } from './packages.mjs';
import { StartError } from './start-error.mjs';
import { isComplete } from './venv.mjs';

/** @typedef {{ session: ReturnType<import('./session.mjs').openSession>, report: ReturnType<import('./report.mjs').openReport>, root: string }} Context */
/** @typedef {Awaited<ReturnType<import('./settings.mjs').readSettings>>} Settings */

const MIB = 1024 * 1024;
/** What Label Studio's environment takes, with room to unpack. */
const LABEL_STUDIO_MIB = 1600;

/** @param {Context} context @param {Record<string, string | undefined>} env */
export async function installAndBuild({ session, report, root }, env) {
  const what = { root, env, onChild: session.watch };
  if (!arePackagesInstalled(root)) {
    // npm ci removes node_modules first: its log has to be elsewhere.
    const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-npm-ci-'));
    const logFile = path.join(folder, 'npm-ci.log');
    await report.step('Installing npm packages', () => ensurePackages({ ...what, logFile }));
    rmSync(folder, { recursive: true });
  }
  const logFile = path.join(root, 'node_modules', '.build.log');
  await report.step('Building', () => ensureBuilt({ ...what, logFile }));
}

/** @param {Context} context @param {Settings} settings @param {string} logFile */
export async function prepareModel({ session, report, root }, { env, config }, logFile) {
  if (!isModelMissing(/** @type {any} */ (config), root)) return;
  await report.step('Making the demonstration model (once)', () =>
    makeModel({ root, env, logFile, onChild: session.watch }),
  );
}

/** @param {Context} context @param {Settings} settings @param {string} logFile */
export async function prepareLabelStudio({ session, report }, { env }, logFile) {
  const folder = labelStudioVenv(env);
  if (isComplete(folder, `label-studio==${LABEL_STUDIO_VERSION}`)) return;
  checkSpace(folder, LABEL_STUDIO_MIB);
  await report.step(
    `Installing Label Studio ${LABEL_STUDIO_VERSION} (once, two to four minutes)`,
    () => installLabelStudio({ env, logFile, onChild: session.watch }),
  );
}

/**
 * @param {string} folder that is to be made, or a part of its path that is there
 * @param {number} mib
 * @throws {StartError} when the disk has less room than that
 */
export function checkSpace(folder, mib) {
  let existing = folder;
  while (!existsSync(existing)) existing = path.dirname(existing);
  const { bavail, bsize } = statfsSync(existing);
  const freeMib = Math.floor((bavail * bsize) / MIB);
  if (freeMib >= mib) return;
  throw new StartError(
    `The disk is nearly full: Label Studio needs ${mib} MiB under ${folder}, and ${freeMib} MiB are free. Free some space, or set LABEL_STUDIO_VENV to a folder on another disk.`,
  );
}
