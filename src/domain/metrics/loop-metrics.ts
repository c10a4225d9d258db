import { REPAIR_KINDS } from '../findings.ts';
import { NOTICE_EVENTS } from '../notice.ts';
import { PROJECT_KINDS, SELECTION_REASONS } from '../selection.ts';
import { defineMetrics } from './definition.ts';

const JOBS = [
  'run',
  'select',
  'push',
  'pull',
  'estimate',
  'reconcile',
  'house',
  'retrain',
] as const;
const ENTRY_KINDS = ['create_task', 'ask_annotator', 'renew_image', 'delete_task'] as const;

/** What the sync says of the way from a selection to a label. */
export const LOOP_METRICS = defineMetrics({
  truthloop_tasks_selected_total: {
    type: 'counter',
    help: 'Predictions selected for annotation, by reason; one with several reasons counts under each.',
    roles: ['sync'],
    labels: { reason: SELECTION_REASONS },
  },
  truthloop_tasks_pushed_total: {
    type: 'counter',
    help: 'Tasks made in Label Studio, by project.',
    roles: ['sync'],
    labels: { project: PROJECT_KINDS },
  },
  truthloop_verdicts_total: {
    type: 'counter',
    help: 'Verdicts that pulled annotations led to, by outcome; a changed verdict counts again.',
    roles: ['sync'],
    labels: { outcome: ['agreed', 'disagreed', 'skipped', 'unusable'] },
  },
  truthloop_annotations_unusable_total: {
    type: 'counter',
    help: 'Pulled annotations that could not be read, by what was wrong with them.',
    roles: ['sync'],
    labels: { why: ['unknown_class', 'several_classes', 'no_class'] },
  },
  truthloop_label_delay_seconds: {
    type: 'histogram',
    help: 'Time from the push of a task to its first verdict.',
    roles: ['sync'],
    labels: {},
    buckets: [60, 300, 900, 3600, 14_400, 43_200, 86_400, 172_800, 345_600, 604_800, 1_209_600],
  },
  truthloop_label_budget_tasks: {
    type: 'gauge',
    help: 'Tasks that may be selected on one UTC day (LABEL_BUDGET_PER_DAY).',
    roles: ['sync'],
    labels: {},
  },
  truthloop_label_budget_used_tasks: {
    type: 'gauge',
    help: 'Tasks selected on the current UTC day.',
    roles: ['sync'],
    labels: {},
    startsAtZero: true,
  },
  truthloop_open_tasks: {
    type: 'gauge',
    help: 'Tasks in Label Studio that nobody has answered yet.',
    roles: ['sync'],
    labels: {},
    startsAtZero: true,
  },
  truthloop_outbox_pending: {
    type: 'gauge',
    help: 'Outbox entries still to be sent to Label Studio, by kind.',
    roles: ['sync'],
    labels: { kind: ENTRY_KINDS },
    startsAtZero: true,
  },
  truthloop_outbox_dead: {
    type: 'gauge',
    help: 'Outbox entries that will never succeed as they are, by kind.',
    roles: ['sync'],
    labels: { kind: ENTRY_KINDS },
    startsAtZero: true,
  },
  truthloop_outbox_oldest_timestamp_seconds: {
    type: 'gauge',
    help: 'When the oldest pending outbox entry was made, by kind; absent when none is pending.',
    roles: ['sync'],
    labels: { kind: ENTRY_KINDS },
  },
  truthloop_sync_runs_total: {
    type: 'counter',
    help: 'Scheduled jobs by how they ended; job "run" is the whole sync run.',
    roles: ['sync'],
    labels: { job: JOBS, result: ['success', 'failure'] },
  },
  truthloop_sync_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the job last succeeded; absent until it did.',
    roles: ['sync'],
    labels: { job: JOBS },
  },
  truthloop_sync_duration_seconds: {
    type: 'histogram',
    help: 'Time that the job took.',
    roles: ['sync'],
    labels: { job: JOBS },
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300],
  },
  truthloop_reconcile_repairs_total: {
    type: 'counter',
    help: 'Differences between our records and Label Studio that had to be repaired, by kind.',
    roles: ['sync'],
    labels: { kind: REPAIR_KINDS },
  },
  truthloop_labels_kept: {
    type: 'gauge',
    help: 'Labelled tasks that are gone from Label Studio with their project or in great numbers; their labels go on counting until an operator decides (npm run reconcile).',
    roles: ['sync'],
    labels: { project: PROJECT_KINDS },
    startsAtZero: true,
  },
  truthloop_picture_reachable: {
    type: 'gauge',
    help: '1 when a signed picture opened under PUBLIC_URL the last time, 0 when it did not; absent until it was tried.',
    roles: ['sync'],
    labels: {},
  },
  truthloop_retrain_notices_total: {
    type: 'counter',
    help: 'Notices sent to the retraining service, by event and by what became of the send.',
    roles: ['sync'],
    labels: { event: NOTICE_EVENTS, result: ['delivered', 'failed', 'given_up'] },
  },
  truthloop_retrain_notices_pending: {
    type: 'gauge',
    help: 'Notices that the retraining service has not taken yet.',
    roles: ['sync'],
    labels: {},
    startsAtZero: true,
  },
  truthloop_webhooks_received_total: {
    type: 'counter',
    help: "Label Studio's webhooks by what became of them.",
    roles: ['sync'],
    labels: { result: ['accepted', 'duplicate', 'unauthorized', 'invalid'] },
  },
});
