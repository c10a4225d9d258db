import { parseArgs } from 'node:util';

import { ALLOCATIONS, halfWidthOf, labelsNeeded } from '../src/estimate/plan.ts';
import { readFacts } from './plan/read-facts.ts';
import { runCommand, UsageError } from './records/run-command.ts';
import { installed, localWeb } from './settings/local-web.ts';

const HELP = `npm run plan -- --half-width 0.02 [options]

How many labels an accuracy needs, how long that takes at today's budget and traffic, and what another way to spend the
budget would save. Facts come from the running service where it answers, else from the options.

  --half-width H       wanted: the accuracy plus or minus H, e.g. 0.02
  --accuracy A         expected accuracy; default: the service's estimate, within 0.04 and 0.96, else 0.8
  --per-day N          predictions a day; default: the service's last 7 days, else 2000
  --budget N           labels a day; default LABEL_BUDGET_PER_DAY, else 200
  --url URL            the web role (default: WEB_PORT on this machine)
  --model-version V    default: the version with the newest estimate
  --help

The ops key is read from OPS_KEY where /api/accuracy asks for one.
`;

interface Plan {
  readonly halfWidth: number;
  readonly accuracy: number;
  readonly perDay: number;
  readonly budget: number;
  readonly source: string;
}

async function readPlan(): Promise<Plan> {
  const { values } = parseArgs({
    options: {
      'half-width': { type: 'string' },
      accuracy: { type: 'string' },
      'per-day': { type: 'string' },
      budget: { type: 'string' },
      url: { type: 'string', default: localWeb() },
      'model-version': { type: 'string' },
    },
  });
  const isComplete = values.accuracy !== undefined && values['per-day'] !== undefined;
  const facts = isComplete
    ? null
    : await readFacts(values.url, values['model-version'], process.env['OPS_KEY']);
  return {
    halfWidth: number('half-width', values['half-width'] ?? '0.02', 0.5),
    accuracy: number('accuracy', values.accuracy ?? String(facts?.accuracy ?? 0.8), 1),
    perDay: number('per-day', values['per-day'] ?? String(facts?.perDay ?? 2000), 1e12),
    budget: number('budget', values.budget ?? installed()['LABEL_BUDGET_PER_DAY'] ?? '200', 1e9),
    source:
      facts?.source ??
      (isComplete ? 'the options given' : `options and defaults: ${values.url} told no estimate`),
  };
}

function number(name: string, text: string, below: number): number {
  const value = Number(text);
  if (!(value > 0 && value < below))
    throw new UsageError(`--${name} expects a number above 0 and below ${below}, got "${text}".`);
  return value;
}

/** The labels of one allocation and the days that they take; null where no budget of this traffic reaches it. */
function daysFor(plan: Plan, relativeVariance: number): { labels: number; days: number } | null {
  const perDay = Math.min(plan.budget, plan.perDay);
  for (let days = 1; days <= 3650; days += 1) {
    const predictions = days * plan.perDay;
    const labels = labelsNeeded({ ...plan, relativeVariance, predictions });
    if (labels <= days * perDay) return { labels, days };
  }
  return null;
}

function print(plan: Plan): void {
  const points = (value: number): string => (100 * value).toFixed(1);
  console.log(
    `Accuracy about ${points(plan.accuracy)} %, ${Math.round(plan.perDay)} predictions and ${plan.budget} labels a day (from ${plan.source}).`,
  );
  console.log(`Wanted: plus or minus ${points(plan.halfWidth)} points, 95 % interval.\n`);
  console.log('labels   days  saves   design');
  const base = daysFor(plan, 1);
  for (const { name, relativeVariance } of ALLOCATIONS) {
    const own = daysFor(plan, relativeVariance);
    console.log(allocationRow(name, own, base));
  }
  const today = halfWidthOf({
    accuracy: plan.accuracy,
    labels: Math.min(plan.budget, plan.perDay),
    relativeVariance: 0.74,
    predictions: plan.perDay,
  });
  console.log(
    `\nOne day at this budget (shares 60/20/20) gives about plus or minus ${points(today)} points; seven days about ${points(today / Math.sqrt(7))}.`,
  );
  console.log(
    'Labelling more flagged and low-confidence predictions finds errors; it does not measure accuracy better.',
  );
}

function allocationRow(
  name: string,
  own: { readonly labels: number; readonly days: number } | null,
  base: { readonly labels: number } | null,
): string {
  if (own === null) return `     -      -      -   ${name}: not within ten years`;
  const saved = base === null ? 0 : 1 - own.labels / base.labels;
  const share = `${(100 * saved).toFixed(0)} %`;
  return `${String(own.labels).padStart(6)} ${String(own.days).padStart(6)} ${share.padStart(6)}   ${name}`;
}

await runCommand(HELP, async () => {
  print(await readPlan());
});
