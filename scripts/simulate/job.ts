import { isSuperset, runCap, runStream } from './stream-run.ts';
import { joinTallies, type Tallies, tallyOf } from './tally.ts';
import { runWeek } from './week-run.ts';

/** Runs [from, to) of one experiment. */
export interface Job {
  readonly experiment: 'streams' | 'cap' | 'superset' | 'week';
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly budgets: readonly number[];
  readonly noise: number;
}

export const cellName = (labels: number, method: string): string => `${labels} | ${method}`;

/** Does the runs of a job, one after the other. */
export function doJob(job: Job): Tallies {
  const runs = Array.from({ length: job.to - job.from }, (_, index) => job.from + index);
  return joinTallies(runs.map((run) => doRun(job, run)));
}

function doRun({ experiment, seed, budgets, noise }: Job, run: number): Tallies {
  switch (experiment) {
    case 'streams':
      return streamTallies(seed, run, budgets, noise);
    case 'cap':
      return capTallies(seed, run);
    case 'superset':
      return { superset: counted(isSuperset(seed, run)) };
    case 'week':
      return weekTallies(seed, run);
  }
}

const counted = (isSo: boolean) =>
  tallyOf({ labels: 0, error: isSo ? 0 : 1, width: 0, isCovered: isSo });

function streamTallies(
  seed: number,
  run: number,
  budgets: readonly number[],
  noise: number,
): Tallies {
  const cells = [...runStream(seed, run, budgets, noise)];
  return Object.fromEntries(
    cells.flatMap(([labels, rows]) =>
      rows.map((row) => [cellName(labels, row.method), tallyOf(row)]),
    ),
  );
}

function capTallies(seed: number, run: number): Tallies {
  const { tasks, errorHorvitzThompson, errorDefault, isCovered } = runCap(seed, run);
  const base = { labels: tasks, width: 0, isCovered };
  return {
    'cap, Horvitz-Thompson': tallyOf({ ...base, error: errorHorvitzThompson }),
    'cap, default': tallyOf({ ...base, error: errorDefault }),
  };
}

function weekTallies(seed: number, run: number): Tallies {
  const week = runWeek(seed, run);
  const { labels } = week;
  return {
    'week, default': tallyOf({
      labels,
      error: week.error,
      width: week.width,
      isCovered: week.isCovered,
    }),
    'week, random part': tallyOf({
      labels: labels * week.randomShare,
      error: week.randomError,
      width: week.randomWidth,
      isCovered: week.isRandomCovered,
    }),
    'week, naive': tallyOf({ labels, error: week.naiveError, width: 0, isCovered: false }),
    'week, tasks': tallyOf({ labels: week.tasks, error: 0, width: 0, isCovered: true }),
  };
}
