import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import {
  capFindings,
  type Finding,
  FULL,
  naiveFindings,
  supersetFindings,
  tableFindings,
  weekFindings,
} from './simulate/acceptance.ts';
import { cellName, type Job } from './simulate/job.ts';
import { NAIVE_METHOD, NAIVE_REFERENCE, REFERENCE } from './simulate/reference.ts';
import { jobsOf, runJobs } from './simulate/run-jobs.ts';
import { summarise, type Summary, type Tallies } from './simulate/tally.ts';

const HELP = `npm run simulate -- [options]

Draws streams of predictions whose truth is known, lets the product select and estimate, and prints bias, RMSE, width and
coverage beside the figures of docs/statistics.md.

  --acceptance      everything that docs/statistics.md asks for, 4000 runs a cell; exit code 1 when a cell misses
  --runs N          streams (and weeks), default 500, with --acceptance 4000
  --seed N          default 1
  --labels LIST     numbers of labels, default 50,100,200,500
  --noise SHARE     truths replaced at random, default 0.015; 0.2 is a model that degraded
  --processes N     default: all cores
  --help
`;

interface Options {
  readonly isAcceptance: boolean;
  readonly runs: number;
  readonly seed: number;
  readonly budgets: readonly number[];
  readonly noise: number;
  readonly processes: number;
}

function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      acceptance: { type: 'boolean', default: false },
      runs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      labels: { type: 'string', default: '50,100,200,500' },
      noise: { type: 'string', default: '0.015' },
      processes: { type: 'string', default: String(availableParallelism()) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    isAcceptance: values.acceptance,
    runs: whole('runs', values.runs ?? (values.acceptance ? '4000' : '500')),
    seed: whole('seed', values.seed),
    budgets: values.labels.split(',').map((text) => whole('labels', text)),
    noise: share('noise', values.noise),
    processes: whole('processes', values.processes),
  };
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new RangeError(`--${name} expects whole numbers of at least 1, got "${text}".`);
  return value;
}

function share(name: string, text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value <= 1))
    throw new RangeError(`--${name} expects a number from 0 to 1, got "${text}".`);
  return value;
}

async function run(
  options: Options,
  experiment: Job['experiment'],
  runs: number,
): Promise<Tallies> {
  const { seed, budgets, noise, processes } = options;
  const jobs = jobsOf({ experiment, seed, budgets, noise }, runs);
  const startedAt = Date.now();
  let shownAt = 0;
  const progress = (done: number): void => {
    if (done < jobs.length && Date.now() - shownAt < 5000) return;
    shownAt = Date.now();
    const seconds = (shownAt - startedAt) / 1000;
    const left = (seconds / done) * (jobs.length - done);
    process.stderr.write(
      `${experiment}: ${Math.round((100 * done) / jobs.length)} % of ${runs} runs, ${seconds.toFixed(0)} s gone, about ${left.toFixed(0)} s left\n`,
    );
  };
  return runJobs(jobs, processes, progress);
}

function printTable(tallies: Tallies, budgets: readonly number[]): void {
  console.log(
    'labels  method                    runs   bias     RMSE             width          coverage',
  );
  console.log(
    '                                         (table)  mine   (table)   mine  (table)  mine  (table)',
  );
  for (const labels of budgets) {
    for (const method of [NAIVE_METHOD, ...Object.keys(REFERENCE[50] ?? {})]) {
      const tally = tallies[cellName(labels, method)];
      if (tally !== undefined) console.log(tableRow(labels, method, summarise(tally)));
    }
  }
}

function tableRow(labels: number, method: string, mine: Summary): string {
  const table = REFERENCE[labels]?.[method];
  const beside = (value: number | undefined, digits: number): string =>
    value === undefined ? '(-)' : `(${value.toFixed(digits)})`;
  const bias = `${mine.bias >= 0 ? '+' : ''}${mine.bias.toFixed(4)}`;
  const known = method === NAIVE_METHOD ? beside(NAIVE_REFERENCE[labels], 3) : '';
  return [
    String(labels).padStart(6),
    ` ${method.padEnd(24)}`,
    String(mine.runs).padStart(5),
    `${bias} ${known}`.padEnd(15),
    `${mine.rmse.toFixed(4)} ${beside(table?.rmse, 4)}`.padEnd(16),
    `${mine.width.toFixed(3)} ${beside(table?.width, 3)}`.padEnd(14),
    `${mine.coverage.toFixed(3)} ${beside(table?.coverage, 3)}`,
  ].join(' ');
}

function printWeek(tallies: Tallies): void {
  for (const name of ['week, default', 'week, random part', 'week, naive', 'week, tasks']) {
    const tally = tallies[name];
    if (tally === undefined) continue;
    const { bias, width, coverage, labels } = summarise(tally);
    console.log(
      `${name.padEnd(18)} bias ${bias.toFixed(4)}  width ${width.toFixed(3)}  coverage ${coverage.toFixed(3)}  labels or tasks ${labels.toFixed(0)}`,
    );
  }
}

/** (a): the golden numbers, by the same test that `npm run test:golden` runs. */
function goldenFinding(): Finding {
  const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url));
  const { status } = spawnSync(process.execPath, [mocha, 'test/golden/golden.test.ts'], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return {
    what: 'every golden number matches',
    isMet: status === 0,
    detail: `exit code ${String(status)}`,
  };
}

async function accept(options: Options): Promise<boolean> {
  const golden = goldenFinding();
  const streams = await run(options, 'streams', options.runs);
  printTable(streams, options.budgets);
  const cap = await run(options, 'cap', options.runs);
  const superset = await run(options, 'superset', Math.ceil(options.runs / 40));
  const week = await run(options, 'week', options.runs);
  printWeek(week);
  const findings = [
    golden,
    ...tableFindings(streams, options.budgets, FULL),
    ...naiveFindings(streams, options.budgets),
    ...capFindings(cap),
    ...supersetFindings(superset),
    ...weekFindings(week, FULL),
  ];
  const missed = findings.filter(({ isMet }) => !isMet);
  for (const { what, detail } of missed) console.log(`MISSED  ${what}: ${detail}`);
  console.log(`${findings.length - missed.length} met, ${missed.length} missed`);
  return missed.length === 0;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) {
    console.log(HELP);
    return;
  }
  if (options.isAcceptance) {
    if (!(await accept(options))) process.exitCode = 1;
    return;
  }
  printTable(await run(options, 'streams', options.runs), options.budgets);
  printWeek(await run(options, 'week', Math.ceil(options.runs / 5)));
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
