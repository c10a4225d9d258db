// @ts-check
// Everything that one `npm start` started, and its end.
import { describeEnd, startProcess } from './process.mjs';
import { StartError } from './start-error.mjs';

/** @typedef {import('./process.mjs').StartedProcess} StartedProcess */
/** Longer than the program gives itself (25 s, src/main.ts). */
const GRACE_MS = 30_000;

/**
 * Ends all children at a signal, and by force at a second one.
 * @returns the session; `death` rejects as soon as a kept child ends by itself
 */
export function openSession() {
  /** @type {Set<StartedProcess>} */
  const children = new Set();
  /** @type {(error: Error) => void} */
  let announce = () => {};
  /** @type {Promise<never>} */
  const death = new Promise((_, reject) => (announce = reject));
  death.catch(() => {});
  let isStopping = false;

  /** A child that runs to its end (an installation). @param {StartedProcess} child */
  const watch = (child) => {
    children.add(child);
    void child.exited.then(() => children.delete(child));
    if (isStopping) child.kill();
  };
  /** A child that is to run until the session ends. @param {StartedProcess} child */
  const keep = (child) => {
    watch(child);
    void child.exited.then((exit) => {
      if (!isStopping) announce(new StartError(describeEnd(child, exit)));
    });
    return child;
  };
  return {
    death,
    watch,
    keep,
    isStopping: () => isStopping,
    /** @param {Parameters<typeof startProcess>[0]} what */
    start: (what) => keep(startProcess(what)),
    /** Last started, first stopped: nobody loses what it still talks to. */
    stop: async () => {
      isStopping = true;
      for (const child of [...children].reverse()) await child.stop(GRACE_MS);
    },
    kill: () => {
      isStopping = true;
      children.forEach((child) => child.kill());
    },
  };
}
