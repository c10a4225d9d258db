import { board, labelVariable } from './board.ts';
import type { ClassicBoard } from './classic.ts';
import { COLOURS, distribution, lines, number } from './panels.ts';
import { of, oneOf, quantile, rate, recorded, sumBy } from './query.ts';

const ROUTES = 'handler=~"$handler"';
const NO_TRAFFIC = 'No requests in this time';
const NO_CLASSIFIER = 'The classifier is not scraped';
const requests = (...more: string[]): string => rate(of('http_requests_total', ROUTES, ...more));

const slo = [
  number({
    title: 'Error budget left (30 days)',
    description:
      "Share of the 30 days' error budget that is left, per objective. Good: above 0. At 0 stop risking anything.",
    unit: 'percentunit',
    max: 1,
    width: 12,
    noValue: 'Not recorded yet',
    targets: [
      {
        expr: recorded('slo:period_error_budget_remaining:ratio', 'sloth_service=~"truthloop-.+"'),
        legend: '{{sloth_service}} {{sloth_slo}}',
      },
    ],
  }),
  number({
    title: 'Burn rate now',
    description:
      'How fast the budget is used: 1 uses it up in exactly 30 days. Good: below 1. Above 14.4 for an hour pages.',
    unit: 'none',
    min: 0,
    decimals: 2,
    width: 12,
    noValue: 'Not recorded yet',
    thresholds: [
      { value: null, color: COLOURS.blue },
      { value: 1, color: COLOURS.orange },
      { value: 14.4, color: COLOURS.red },
    ],
    targets: [
      {
        expr: recorded('slo:current_burn_rate:ratio', 'sloth_service=~"truthloop-.+"'),
        legend: '{{sloth_service}} {{sloth_slo}}',
      },
    ],
  }),
];

const red = [
  lines({
    title: 'Requests',
    description:
      'Answered requests per second by role and class of status. What is usual is good; a sudden drop is as telling as a rise.',
    unit: 'reqps',
    min: 0,
    noValue: NO_TRAFFIC,
    targets: [{ expr: sumBy('job, status', requests()), legend: '{{job}} {{status}}' }],
  }),
  lines({
    title: 'Share of failed requests',
    description:
      '5xx over all, per role. Good: 0; the objective allows 0.5 %. Look at the log by request id.',
    unit: 'percentunit',
    min: 0,
    max: 1,
    noValue: NO_TRAFFIC,
    targets: [
      {
        expr: `${sumBy('job', requests('status="5xx"'))} / (${sumBy('job', requests())} > 0)`,
        legend: '{{job}}',
      },
    ],
  }),
  lines({
    title: 'Duration of POST /predict',
    description:
      'Quantiles per role. Good: 95 % under 0.3 s. Slow at the classifier: see saturation. Slow at web only: store or disk.',
    unit: 's',
    min: 0,
    noValue: NO_TRAFFIC,
    thresholds: [
      { value: null, color: COLOURS.blue },
      { value: 0.3, color: COLOURS.red },
    ],
    targets: [0.5, 0.95, 0.99].map((q) => ({
      expr: quantile(
        q,
        rate(of('http_request_duration_seconds_bucket', 'handler="/predict"')),
        'job',
      ),
      legend: `{{job}} p${q * 100}`,
    })),
  }),
  distribution({
    title: 'Duration of all requests',
    description:
      'Requests by duration over time. Two bands: two kinds of requests. A band that climbs: something fills up.',
    unit: 's',
    noValue: NO_TRAFFIC,
    targets: [
      {
        expr: sumBy(
          'le',
          `increase(${of('http_request_duration_highr_seconds_bucket')}[$__rate_interval])`,
        ),
        legend: '{{le}}',
      },
    ],
  }),
  lines({
    title: 'Bytes in and out',
    description:
      'Bodies by direction and role. Uploads dominate. A jump without more requests: bigger pictures.',
    unit: 'Bps',
    min: 0,
    noValue: NO_TRAFFIC,
    targets: [
      { expr: sumBy('job', rate(of('http_request_size_bytes_sum', ROUTES))), legend: '{{job}} in' },
      {
        expr: sumBy('job', rate(of('http_response_size_bytes_sum', ROUTES))),
        legend: '{{job}} out',
      },
    ],
  }),
  lines({
    title: 'Uploads refused, by reason',
    description:
      'Per minute. A few are normal: wrong files, too large ones. Many at once: a client that is broken, or someone who tries.',
    unit: 'short',
    min: 0,
    noValue: 'Web is not scraped',
    targets: [
      {
        expr: `60 * ${sumBy('reason', rate(of('truthloop_upload_rejected_total')))}`,
        legend: '{{reason}}',
      },
    ],
  }),
];

const saturation = [
  lines({
    title: 'Queue of the classifier',
    description:
      'Waiting and running predictions against the bound. At the bound new ones are refused: add classifiers or workers.',
    unit: 'short',
    min: 0,
    noValue: NO_CLASSIFIER,
    targets: [
      { expr: sumBy('', of('truthloop_predict_queue_depth')), legend: 'waiting' },
      { expr: sumBy('', of('truthloop_predict_inflight')), legend: 'running' },
      { expr: sumBy('', of('truthloop_predict_queue_limit')), legend: 'bound' },
    ],
  }),
  lines({
    title: 'Predictions refused, by reason',
    description: 'Per minute. Good: 0. Above 1 % of the requests PredictShedding pages.',
    unit: 'short',
    min: 0,
    noValue: NO_CLASSIFIER,
    targets: [
      {
        expr: `60 * ${sumBy('reason', rate(of('truthloop_predict_rejected_total')))}`,
        legend: '{{reason}}',
      },
    ],
  }),
  lines({
    title: 'Stages of a prediction (p95)',
    description:
      'Where the time goes. Inference usually dominates; decoding does with large pictures.',
    unit: 's',
    min: 0,
    noValue: 'No predictions in this time',
    targets: [
      {
        expr: quantile(0.95, rate(of('truthloop_predict_stage_duration_seconds_bucket')), 'stage'),
        legend: '{{stage}}',
      },
    ],
  }),
  lines({
    title: 'Images per run of the model',
    description: 'Mean batch size. 1 unless batches are formed under load.',
    unit: 'none',
    min: 0,
    noValue: 'No predictions in this time',
    targets: [
      {
        expr: `${sumBy('', rate(of('truthloop_batch_size_sum')))} / (${sumBy('', rate(of('truthloop_batch_size_count')))} > 0)`,
        legend: 'images',
      },
    ],
  }),
  lines({
    title: 'Dependencies (p95)',
    description:
      'Duration of calls to what the roles depend on. The one that rose first is the cause.',
    unit: 's',
    min: 0,
    noValue: 'No call to a dependency in this time',
    targets: [
      {
        expr: quantile(
          0.95,
          rate(of('truthloop_dependency_request_duration_seconds_bucket')),
          'job, dependency',
        ),
        legend: '{{job}}: {{dependency}}',
      },
    ],
  }),
];

const containers = [
  lines({
    title: 'CPU of the containers',
    description:
      'Cores used, from cAdvisor (compose profile). A container at its limit is slow for that reason.',
    unit: 'short',
    min: 0,
    noValue: 'cAdvisor is not running (compose profile "cadvisor")',
    targets: [
      {
        expr: sumBy('name', `rate(container_cpu_usage_seconds_total{name!=""}[$__rate_interval])`),
        legend: '{{name}}',
      },
    ],
  }),
  lines({
    title: 'Memory of the containers',
    description:
      'Working set, from cAdvisor. A container that reaches its limit is ended by the kernel.',
    unit: 'bytes',
    min: 0,
    noValue: 'cAdvisor is not running (compose profile "cadvisor")',
    targets: [
      { expr: oneOf('name', 'container_memory_working_set_bytes{name!=""}'), legend: '{{name}}' },
    ],
  }),
];

export const service = (): ClassicBoard =>
  board({
    uid: 'truthloop-service',
    title: 'Service',
    description:
      'Rate, errors, duration and saturation of the three roles, with the objectives first.',
    jobs: 'web|food11|sync',
    from: 'now-3h',
    variables: [
      labelVariable('handler', 'Route', 'label_values(http_requests_total{job=~"$job"}, handler)'),
    ],
    rows: [
      { title: 'Objectives', panels: slo },
      { title: 'Rate, errors, duration', panels: red },
      { title: 'Saturation', panels: saturation },
      { title: 'Containers', panels: containers },
    ],
  });
