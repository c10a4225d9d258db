// @ts-check
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { run } from './run.mjs';

/** @typedef {{ version?: string, optional?: boolean, peer?: boolean }} LockedPackage */

/**
 * Installs what the lockfile says, unless node_modules holds just that.
 * @param {object} what
 * @param {string} what.root
 * @param {Record<string, string | undefined>} what.env
 * @param {string} what.logFile
 * @param {import('./run.mjs').OnChild} [what.onChild]
 * @returns {Promise<'there' | 'installed'>}
 */
export async function ensurePackages({ root, env, logFile, onChild }) {
  if (arePackagesInstalled(root)) return 'there';
  const npm = npmCommand(env);
  const ci = (/** @type {string[]} */ ...more) =>
    run({
      name: 'npm ci',
      command: npm.command,
      args: [...npm.args, 'ci', '--no-audit', '--no-fund', ...more],
      cwd: root,
      env,
      logFile,
      ...(onChild === undefined ? {} : { onChild }),
    });
  // npm's own patience makes whoever has no network wait for many minutes, package by package: it is for those who have.
  await ci('--fetch-retries=0').catch(async (error) => {
    if (!(await isRegistryReachable(npm, env))) throw error;
    await ci();
  });
  return 'installed';
}

/** @param {{ command: string, args: string[] }} npm @param {Record<string, string | undefined>} env */
async function isRegistryReachable(npm, env) {
  const args = [...npm.args, 'config', 'get', 'registry'];
  const { stdout } = spawnSync(npm.command, args, { env, encoding: 'utf8' });
  try {
    const response = await fetch((stdout ?? '').trim(), { signal: AbortSignal.timeout(10_000) });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

/** @param {string} root */
export function arePackagesInstalled(root) {
  const wanted = packagesIn(path.join(root, 'package-lock.json'));
  const there = packagesIn(path.join(root, 'node_modules', '.package-lock.json'));
  return wanted !== null && there !== null && isSatisfied(wanted, there);
}

/**
 * Optional packages may be absent (those of other platforms are), the others must be there in the locked version.
 * @param {Record<string, LockedPackage>} wanted
 * @param {Record<string, LockedPackage>} there
 */
export function isSatisfied(wanted, there) {
  return Object.entries(wanted)
    .filter(([place, { optional }]) => place !== '' && (optional !== true || place in there))
    .every(([place, { version }]) => there[place]?.version === version);
}

/** @param {string} file @returns {Record<string, LockedPackage> | null} */
function packagesIn(file) {
  if (!existsSync(file)) return null;
  return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
}

/** The npm that runs this script, else the one on the PATH. @param {Record<string, string | undefined>} env */
function npmCommand(env) {
  const running = env['npm_execpath'];
  return running !== undefined && /npm-cli\.[cm]?js$/.test(running)
    ? { command: process.execPath, args: [running] }
    : { command: 'npm', args: [] };
}
