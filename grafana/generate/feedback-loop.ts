import { board } from './board.ts';
import type { ClassicBoard } from './classic.ts';
import { bars, COLOURS, distribution, lines, number, states, words } from './panels.ts';
import { growth, of, oneOf, rate, sumBy } from './query.ts';

const NO_SYNC = 'The sync is not scraped';

const now = [
  number({
    title: 'Open tasks',
    description:
      'Tasks in Label Studio that wait for an answer. Good: it goes down every day. Growing: lower the budget or find people.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [{ expr: oneOf('', of('truthloop_open_tasks')), legend: 'open' }],
  }),
  number({
    title: 'Backlog of the outbox',
    description:
      'Work that still has to reach Label Studio. Good: 0 most of the time. Growing: Label Studio is down or slow.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      { expr: sumBy('', oneOf('kind', of('truthloop_outbox_pending'))), legend: 'pending' },
    ],
  }),
  number({
    title: 'Dead entries',
    description:
      'Work that Label Studio refused for good. Good: 0. Else read the reason (docs/runbook.md) and send it again.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    thresholds: [
      { value: null, color: COLOURS.blue },
      { value: 1, color: COLOURS.red },
    ],
    targets: [{ expr: sumBy('', oneOf('kind', of('truthloop_outbox_dead'))), legend: 'dead' }],
  }),
  number({
    title: 'Lag of the outbox',
    description:
      'Age of the oldest pending entry. Good: under a minute. Above 15 minutes OutboxStuck opens a ticket.',
    unit: 's',
    min: 0,
    noValue: 'Nothing is pending',
    targets: [
      {
        expr: `time() - min(${of('truthloop_outbox_oldest_timestamp_seconds')}) or on () vector(0)`,
        legend: 'oldest',
      },
    ],
  }),
  number({
    title: 'Since the last good run',
    description:
      'Good: under a minute (a run every 30 s). Above 5 minutes SyncStalled opens a ticket.',
    unit: 's',
    min: 0,
    noValue: 'No run has succeeded yet',
    targets: [
      {
        expr: `time() - ${oneOf('', of('truthloop_sync_last_success_timestamp_seconds', 'exported_job="run"'))}`,
        legend: 'last success',
      },
    ],
  }),
  number({
    title: 'Budget left today',
    description:
      'Tasks that may still be selected on this UTC day. At 0 only the floor is selected: estimates go on, slower.',
    unit: 'short',
    noValue: NO_SYNC,
    targets: [
      {
        expr: `${oneOf('', of('truthloop_label_budget_tasks'))} - ${oneOf('', of('truthloop_label_budget_used_tasks'))}`,
        legend: 'left',
      },
    ],
  }),
];

const journey = [
  lines({
    title: 'Selected, by reason',
    description:
      'Predictions that became tasks, per hour. The random part should never be 0 while there is traffic.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      {
        expr: `3600 * ${sumBy('reason', rate(of('truthloop_tasks_selected_total')))}`,
        legend: '{{reason}}',
      },
    ],
  }),
  lines({
    title: 'Pushed, by project',
    description:
      'Tasks made in Label Studio, per hour. Good: as many as were selected, a minute later.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      {
        expr: `3600 * ${sumBy('project', rate(of('truthloop_tasks_pushed_total')))}`,
        legend: '{{project}}',
      },
    ],
  }),
  lines({
    title: 'Verdicts, by outcome',
    description:
      'What the pulled annotations led to, per hour. Many disagreed: mend the instructions. Unusable: see the panel beside.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      {
        expr: `3600 * ${sumBy('outcome', rate(of('truthloop_verdicts_total')))}`,
        legend: '{{outcome}}',
      },
    ],
  }),
  lines({
    title: 'Open tasks and backlog',
    description:
      'Where the work lies: with people, or still on our side. Good: neither grows from day to day.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      { expr: oneOf('', of('truthloop_open_tasks')), legend: 'open in Label Studio' },
      { expr: oneOf('kind', of('truthloop_outbox_pending')), legend: 'outbox: {{kind}}' },
    ],
  }),
  distribution({
    title: 'From push to verdict',
    description:
      'How long people take. Good: within LABEL_SLA_DAYS; later labels still count, their window changes its mind.',
    unit: 's',
    noValue: 'No verdicts in this time',
    targets: [
      {
        expr: sumBy('le', growthOverInterval(of('truthloop_label_delay_seconds_bucket'))),
        legend: '{{le}}',
      },
    ],
  }),
  bars({
    title: 'Annotations that could not be read',
    description:
      'Over the time shown. Unknown classes come from a label configuration that was changed by hand.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      { expr: sumBy('why', growth(of('truthloop_annotations_unusable_total'))), legend: '{{why}}' },
    ],
  }),
];

function growthOverInterval(selector: string): string {
  return `increase(${selector}[$__rate_interval])`;
}

const health = [
  lines({
    title: 'Runs, by job and result',
    description:
      'Per minute. Good: no failures. A failing push or pull means Label Studio; a failing select or estimate means the store.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      {
        expr: `60 * ${sumBy('exported_job, result', rate(of('truthloop_sync_runs_total')))} > 0`,
        legend: '{{exported_job}} {{result}}',
      },
    ],
  }),
  lines({
    title: 'Duration of a run (p95)',
    description:
      'Good: well under the 30 s between runs. Growing: look at the dependency that got slow.',
    unit: 's',
    min: 0,
    noValue: 'No runs in this time',
    targets: [
      {
        expr: `histogram_quantile(0.95, ${sumBy('le, exported_job', rate(of('truthloop_sync_duration_seconds_bucket')))})`,
        legend: '{{exported_job}}',
      },
    ],
  }),
  states({
    title: 'Breakers',
    description:
      'Whether calls to a dependency are let through. Good: closed. Open: it failed several times in a row and is left in peace for a while.',
    unit: 'none',
    noValue: 'No call to a dependency yet',
    mappings: {
      '0': { text: 'closed', color: COLOURS.green },
      '1': { text: 'trying again', color: COLOURS.orange },
      '2': { text: 'open', color: COLOURS.red },
    },
    targets: [
      {
        expr:
          `2 * ${oneOf('job, dependency', of('truthloop_circuit_state', 'state="open"'))} + ` +
          oneOf('job, dependency', of('truthloop_circuit_state', 'state="half_open"')),
        legend: '{{job}}: {{dependency}}',
      },
    ],
  }),
  bars({
    title: 'Repairs, by kind',
    description:
      'Differences between our records and Label Studio over the time shown. Good: 0. Else somebody changed Label Studio, or something crashed.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      { expr: sumBy('kind', growth(of('truthloop_reconcile_repairs_total'))), legend: '{{kind}}' },
    ],
  }),
  bars({
    title: 'Webhooks, by result',
    description:
      'Over the time shown. None at all is fine: polling is enough. Unauthorized: a wrong secret, or someone tries.',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      {
        expr: sumBy('result', growth(of('truthloop_webhooks_received_total'))),
        legend: '{{result}}',
      },
    ],
  }),
  lines({
    title: 'Notices to the retraining service',
    description:
      'Only where RETRAIN_WEBHOOK_URL is set. Good: delivered, and none waits. Waiting for an hour opens a ticket; given up: nobody was told (docs/runbook.md).',
    unit: 'short',
    min: 0,
    noValue: NO_SYNC,
    targets: [
      { expr: oneOf('', of('truthloop_retrain_notices_pending')), legend: 'waiting' },
      {
        expr: sumBy('event, result', growth(of('truthloop_retrain_notices_total'))),
        legend: '{{event}}: {{result}}',
      },
    ],
  }),
  lines({
    title: 'Failed calls to dependencies',
    description:
      'Per minute. Good: 0. The sync tries again by itself; a steady line needs someone to look.',
    unit: 'short',
    min: 0,
    noValue: 'No call to a dependency yet',
    targets: [
      {
        expr: `60 * ${sumBy('dependency, operation', rate(of('truthloop_dependency_requests_total', 'result="failure"')))}`,
        legend: '{{dependency}} {{operation}}',
      },
    ],
  }),
];

export const feedbackLoop = (): ClassicBoard =>
  board({
    uid: 'truthloop-loop',
    title: 'Feedback loop',
    description:
      'From a selected prediction to a label that counts: where things are, and where they hang.',
    jobs: 'sync|web',
    from: 'now-6h',
    rows: [
      {
        title: 'Now',
        panels: [
          words(
            'How to read this',
            'A prediction is **selected**, **pushed** to Label Studio as a task, **labelled** by people, **pulled** back and becomes a verdict. Nothing is lost when Label Studio is down: the backlog grows and drains by itself.',
          ),
          ...now,
        ],
      },
      { title: 'The way of a task', panels: journey },
      { title: 'Health', panels: health },
    ],
  });
