import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import type { Job } from './job.ts';
import { joinTallies, type Tallies } from './tally.ts';

const CHUNK = 10;

/** Splits an experiment into jobs of a few runs. */
export const jobsOf = (job: Omit<Job, 'from' | 'to'>, runs: number): readonly Job[] =>
  Array.from({ length: Math.ceil(runs / CHUNK) }, (_, chunk) => ({
    ...job,
    from: chunk * CHUNK,
    to: Math.min(runs, (chunk + 1) * CHUNK),
  }));

/**
 * Does the jobs in child processes.
 * @param onProgress gets the number of jobs done
 * @throws Error when a child ends before its work is done
 */
export async function runJobs(
  jobs: readonly Job[],
  processes: number,
  onProgress: (done: number) => void,
): Promise<Tallies> {
  const queue = [...jobs];
  const results: Tallies[] = [];
  const finish = (tallies: Tallies): void => {
    results.push(tallies);
    onProgress(results.length);
  };
  const children = Array.from({ length: Math.min(processes, jobs.length) }, () =>
    fork(fileURLToPath(new URL('./worker.ts', import.meta.url))),
  );
  try {
    await Promise.all(children.map((child) => drain(child, queue, finish)));
  } finally {
    for (const child of children) child.kill();
  }
  return joinTallies(results);
}

/** One child takes jobs until none is left. */
function drain(
  child: ChildProcess,
  queue: Job[],
  finish: (tallies: Tallies) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (): void => {
      const job = queue.shift();
      if (job === undefined) resolve();
      else child.send(job);
    };
    child.on('message', (tallies: Tallies) => {
      finish(tallies);
      next();
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      reject(new Error(`A worker ended early with code ${String(code)}; see its message above.`));
    });
    next();
  });
}
