// @ts-check
// A command that runs to its end, with its output in a log file.
import { describeEnd, startProcess } from './process.mjs';
import { StartError } from './start-error.mjs';

/** @typedef {import('./process.mjs').StartedProcess} StartedProcess */
/** @typedef {(child: StartedProcess) => void} OnChild told of each child, so that a signal can end it */

/**
 * Runs a command to its end.
 * @param {Parameters<typeof startProcess>[0] & { onChild?: OnChild, timeoutMs?: number }} what
 * @throws {StartError} with the end of its output when it fails
 */
export async function run({ onChild, timeoutMs = 30 * 60_000, ...what }) {
  const child = startProcess(what);
  onChild?.(child);
  const timer = setTimeout(() => child.kill(), timeoutMs);
  const exit = await child.exited;
  clearTimeout(timer);
  if (exit.code !== 0) throw new StartError(explain(describeEnd(child, exit), child.tail(200)));
}

const KNOWN = [
  {
    sign: /ENOSPC|No space left on device|disk full/i,
    advice: 'The disk is full: free some space and run it again.',
  },
  {
    sign: /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|Temporary failure in name resolution|Name or service not known|NewConnectionError|Failed to establish a new connection|Network is unreachable|network (?:request|timeout)/i,
    advice:
      'The network can’t be reached: this step downloads packages once. Check the connection (or the proxy settings) and run it again.',
  },
  {
    sign: /ensurepip is not available|No module named '?venv'?|No module named '?ensurepip'?/i,
    advice:
      'This Python has no working venv module. On Debian or Ubuntu: sudo apt-get install python3-venv; or point PYTHON at another Python 3.10 to 3.13.',
  },
  {
    sign: /EACCES|Permission denied/i,
    advice: 'A file or folder can’t be written: check who owns it.',
  },
];

/** Puts advice in front of the failures that people meet. @param {string} message @param {string} output */
export function explain(message, output) {
  const known = KNOWN.find(({ sign }) => sign.test(output));
  return known === undefined ? message : `${known.advice}\n${message}`;
}
