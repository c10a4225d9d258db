// @ts-check
// One long-running child: its own process group, its output in a file, an end that leaves nothing behind.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { StartError } from './start-error.mjs';

/** Groups that still run: whoever leaves without stopping them takes them along. @type {Set<number>} */
const running = new Set();
process.on('exit', () => running.forEach((pid) => signalProcessGroup(pid, 'SIGKILL')));

/** A signal ends this process by its exit, so that what hangs on that is done: for programs that have no end of their own. */
export function exitOnSignals() {
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => process.exit(128 + os.constants.signals[signal]));
  }
}

/**
 * @typedef {object} StartedProcess
 * @property {string} name
 * @property {number} pid id of the process, and of its process group
 * @property {string} logFile
 * @property {Promise<Exit>} exited resolves when the process ended, never rejects
 * @property {() => boolean} isRunning
 * @property {(graceMs?: number) => Promise<void>} stop SIGTERM to the group, SIGKILL after `graceMs`; safe to repeat
 * @property {() => void} kill SIGKILL to the group
 * @property {(lines?: number) => string} tail the end of what it said, without what earlier ones left in the file
 */
/** @typedef {{ code: number | null, signal: NodeJS.Signals | null, error: Error | null }} Exit */

/**
 * Starts a program in a process group of its own.
 * @param {object} what
 * @param {string} what.name as a person would call it
 * @param {string} what.command
 * @param {readonly string[]} what.args
 * @param {Record<string, string | undefined>} what.env the whole environment of the child
 * @param {string} what.logFile output goes to its end
 * @param {string} [what.cwd]
 * @returns {StartedProcess}
 */
export function startProcess({ name, command, args, env, logFile, cwd }) {
  mkdirSync(path.dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a', 0o600);
  const ownOutputFrom = fstatSync(log).size;
  const child = spawn(command, args, {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  /** @type {Exit | null} */
  let ended = null;
  const exited = /** @type {Promise<Exit>} */ (
    new Promise((resolve) => {
      child.once('error', (error) => resolve({ code: null, signal: null, error }));
      child.once('exit', (code, signal) => resolve({ code, signal, error: null }));
    })
  ).then((exit) => (ended = exit));
  const pid = child.pid ?? 0;
  running.add(pid);
  void exited.then(() => running.delete(pid));
  const signalGroup = (/** @type {NodeJS.Signals} */ signal) => signalProcessGroup(pid, signal);
  return {
    name,
    pid,
    logFile,
    exited,
    isRunning: () => ended === null,
    kill: () => signalGroup('SIGKILL'),
    tail: (lines = 20) => tailOf(logFile, lines, ownOutputFrom),
    stop: async (graceMs = 10_000) => {
      signalGroup('SIGTERM');
      const timer = setTimeout(() => signalGroup('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
      // Whatever the process left behind in its group (workers that outlived it) ends with it.
      signalGroup('SIGKILL');
    },
  };
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function signalProcessGroup(pid, signal) {
  if (pid <= 0) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/** @param {string} file @param {number} lines @param {number} from bytes of earlier runs */
function tailOf(file, lines, from) {
  if (!existsSync(file)) return '';
  const text = readFileSync(file).subarray(from).toString('utf8').trimEnd();
  return text.split('\n').slice(-lines).join('\n');
}

/**
 * Waits until `isReady` holds, as long as the process lives.
 * @param {StartedProcess} child
 * @param {() => Promise<boolean>} isReady
 * @param {number} timeoutMs
 * @param {() => string} [why] what it waits for, in words
 * @throws {StartError} with the end of the log, when the process ends first or the time is over
 */
export async function waitUntilReady(child, isReady, timeoutMs, why = () => '') {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    if (!child.isRunning()) throw new StartError(describeEnd(child, await child.exited));
    if (await isReady().catch(() => false)) return;
    await Promise.race([pause(200), child.exited]);
  }
  const what = why() === '' ? 'did not answer' : `was not ready (${why()})`;
  throw new StartError(
    `${child.name} ${what} within ${Math.round(timeoutMs / 1000)} s. The end of ${child.logFile}:\n${child.tail()}`,
  );
}

/** @param {StartedProcess} child @param {Exit} exit */
export function describeEnd(child, exit) {
  if (exit.error !== null) return `${child.name} could not be started: ${exit.error.message}`;
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  return `${child.name} ended by itself (${how}). The end of ${child.logFile}:\n${child.tail()}`;
}

/** @param {string} url @returns {Promise<boolean>} whether GET answers with a success */
export const answers = async (url) => (await askReady(url)).isReady;

/**
 * @param {string} url
 * @returns {Promise<{ isReady: boolean, failing: readonly string[] }>} whether GET answers with a success, and else which
 *   of its own checks it says have failed
 */
export async function askReady(url) {
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(2000) });
  const text = await response.text();
  return { isReady: response.ok, failing: response.ok ? [] : failingChecks(text) };
}

/** @param {string} text of /readyz */
function failingChecks(text) {
  try {
    const checks = Object.entries(JSON.parse(text).checks ?? {});
    return checks.filter(([, isWell]) => isWell === false).map(([name]) => name);
  } catch {
    return [];
  }
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
