import { readFile, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

import * as prettier from 'prettier';
import { stringify } from 'yaml';

const FILE = new URL('../prometheus/rules/slo.yml', import.meta.url);

/** A service level objective over 30 days. `[w]` in a query stands for the window. */
interface Objective {
  readonly service: string;
  readonly slo: string;
  readonly alert: string;
  /** Share of good requests that is promised, in (0, 1). */
  readonly objective: number;
  /** Rate of bad requests. */
  readonly errors: string;
  /** Rate of all requests. */
  readonly total: string;
  readonly what: string;
  readonly runbook: string;
}

const USER_ROUTES = 'job="web", handler!~"/livez|/readyz|/metrics|none"';
const PREDICT = 'job="food11", handler="/predict"';
const WEB_PREDICT = 'job="web", handler="/predict"';
const requests = (selector: string): string => `sum(rate(http_requests_total{${selector}}[w]))`;
const slowerThan = (seconds: number, selector: string): string =>
  `(sum(rate(http_request_duration_seconds_count{${selector}}[w])) - ` +
  `sum(rate(http_request_duration_seconds_bucket{${selector}, le="${seconds}"}[w])))`;
const timed = (selector: string): string =>
  `sum(rate(http_request_duration_seconds_count{${selector}}[w]))`;

const OBJECTIVES: readonly Objective[] = [
  {
    service: 'web',
    slo: 'availability',
    alert: 'WebAvailabilityBurn',
    objective: 0.995,
    errors: requests(`${USER_ROUTES}, status="5xx"`),
    total: requests(USER_ROUTES),
    what: 'requests to web end in a 5xx',
    runbook: 'availability-burn',
  },
  {
    service: 'web',
    slo: 'latency',
    alert: 'WebLatencyBurn',
    objective: 0.95,
    errors: slowerThan(0.3, WEB_PREDICT),
    total: timed(WEB_PREDICT),
    what: 'uploads take longer than 0.3 s',
    runbook: 'latency-burn',
  },
  {
    service: 'classifier',
    slo: 'availability',
    alert: 'ClassifierAvailabilityBurn',
    objective: 0.995,
    errors: requests(`${PREDICT}, status="5xx"`),
    total: requests(PREDICT),
    what: 'predictions end in a 5xx (a refusal for overload counts)',
    runbook: 'availability-burn',
  },
  {
    service: 'classifier',
    slo: 'latency',
    alert: 'ClassifierLatencyBurn',
    objective: 0.95,
    errors: slowerThan(0.3, PREDICT),
    total: timed(PREDICT),
    what: 'predictions take longer than 0.3 s',
    runbook: 'latency-burn',
  },
];

const WINDOWS = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'];

/** Burn rate and its pair of windows: the long one for weight, the short one to stop soon. */
const BURNS = [
  { severity: 'page', factor: 14.4, long: '1h', short: '5m' },
  { severity: 'page', factor: 6, long: '6h', short: '30m' },
  { severity: 'ticket', factor: 3, long: '1d', short: '2h' },
  { severity: 'ticket', factor: 1, long: '3d', short: '6h' },
] as const;

/** Below this many requests in the long window one failed call is no evidence. */
const REQUESTS_MIN: Readonly<Record<string, number>> = { '1h': 20, '6h': 50, '1d': 100, '3d': 100 };
const HOURS: Readonly<Record<string, number>> = { '1h': 1, '6h': 6, '1d': 24, '3d': 72 };

const labelsOf = ({ service, slo }: Objective): Readonly<Record<string, string>> => ({
  sloth_id: `truthloop-${service}-${slo}`,
  sloth_service: `truthloop-${service}`,
  sloth_slo: slo,
});
const idOf = (objective: Objective): string =>
  `{sloth_id="${labelsOf(objective)['sloth_id'] ?? ''}"}`;
const over = (query: string, window: string): string => query.replaceAll('[w]', `[${window}]`);

/** Without traffic the error ratio is 0, not NaN, which would poison the 30 days for 30 days. */
function errorRatio(objective: Objective, window: string): string {
  const total = over(objective.total, window);
  return `(${over(objective.errors, window)} / (${total} > 0)) or (${total} * 0)`;
}

function recordings(objective: Objective): object[] {
  const labels = labelsOf(objective);
  const id = idOf(objective);
  const short = WINDOWS.map((window) => ({
    record: `slo:sli_error:ratio_rate${window}`,
    expr: errorRatio(objective, window),
    labels: { ...labels, sloth_window: window },
  }));
  const month = `slo:sli_error:ratio_rate5m${id}`;
  const budget = `on (sloth_id, sloth_slo, sloth_service) group_left () slo:error_budget:ratio${id}`;
  const derived: readonly (readonly [string, string])[] = [
    ['slo:objective:ratio', `vector(${objective.objective})`],
    ['slo:error_budget:ratio', `vector(1 - ${objective.objective})`],
    ['slo:time_period:days', 'vector(30)'],
    ['slo:current_burn_rate:ratio', `slo:sli_error:ratio_rate5m${id} / ${budget}`],
    ['slo:period_burn_rate:ratio', `slo:sli_error:ratio_rate30d${id} / ${budget}`],
    ['slo:period_error_budget_remaining:ratio', `1 - slo:period_burn_rate:ratio${id}`],
  ];
  return [
    ...short,
    {
      record: 'slo:sli_error:ratio_rate30d',
      expr: `sum_over_time(${month}[30d]) / ignoring (sloth_window) count_over_time(${month}[30d])`,
      labels: { ...labels, sloth_window: '30d' },
    },
    ...derived.map(([record, expr]) => ({ record, expr, labels })),
    {
      record: 'sloth_slo_info',
      expr: 'vector(1)',
      labels: {
        ...labels,
        sloth_mode: 'cli-gen-prom',
        sloth_spec: 'prometheus/v1',
        sloth_objective: String(objective.objective * 100),
      },
    },
  ];
}

function alerts(objective: Objective): object[] {
  return (['page', 'ticket'] as const).map((severity) => ({
    alert: objective.alert,
    expr: BURNS.filter((burn) => burn.severity === severity)
      .map((burn) => burning(objective, burn))
      .join('\nor\n'),
    for: '30s',
    labels: { severity, ...labelsOf(objective) },
    annotations: {
      summary: `Too many ${objective.what}`,
      description:
        `{{ $value | humanizePercentage }} of the recent ${objective.what}: faster than the error budget of ` +
        `${Number((100 - objective.objective * 100).toFixed(1))} % in 30 days allows.`,
      dashboard_url: 'http://127.0.0.1:3000/d/truthloop-service',
      runbook_url: `docs/runbook.md#${objective.runbook}`,
    },
  }));
}

function burning(objective: Objective, { factor, long, short }: (typeof BURNS)[number]): string {
  const id = idOf(objective);
  const limit = `(${factor} * ${Number((1 - objective.objective).toFixed(6))})`;
  const requestsMin = (REQUESTS_MIN[long] ?? 0) / (HOURS[long] ?? 1) / 3600;
  return [
    '(',
    `  max(slo:sli_error:ratio_rate${long}${id}) > ${limit}`,
    '  and',
    `  max(slo:sli_error:ratio_rate${short}${id}) > ${limit}`,
    '  and',
    `  ${over(objective.total, long)} > ${Number(requestsMin.toPrecision(3))}`,
    ')',
  ].join('\n');
}

/** @returns prometheus/rules/slo.yml: Sloth's recording rules and multi-window burn rate alerts */
export async function sloRules(): Promise<string> {
  const groups = OBJECTIVES.flatMap((objective) => {
    const name = `${objective.service}-${objective.slo}`;
    return [
      { name: `sloth-slo-recordings-${name}`, rules: recordings(objective) },
      { name: `sloth-slo-alerts-${name}`, rules: alerts(objective) },
    ];
  });
  const head =
    '# Generated by `npm run slo:rules` (scripts/slo-rules.ts); a test compares the two.\n';
  const style = await prettier.resolveConfig(FILE);
  const text = head + stringify({ groups }, { aliasDuplicateObjects: false, lineWidth: 0 });
  return prettier.format(text, { ...style, parser: 'yaml' });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const rules = await sloRules();
  if (!process.argv.includes('--check')) await writeFile(FILE, rules);
  else if ((await readFile(FILE, 'utf8')) !== rules) {
    process.stderr.write('prometheus/rules/slo.yml is out of date: npm run slo:rules\n');
    process.exitCode = 1;
  }
}
