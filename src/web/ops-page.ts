import { setTimeout } from 'node:timers/promises';

import type { PictureCheck, Reconciliation } from '../domain/findings.ts';
import type { Policy } from '../domain/selection.ts';
import { PROJECT_KINDS } from '../domain/selection.ts';
import { dayOf } from '../domain/window.ts';
import type { OutboxEntry } from '../ports/store/outbox-store.ts';
import type { SyncRun } from '../ports/store/run-store.ts';
import { timeWords } from './charts/history-chart.ts';
import { labelProjects, PROJECT_NAMES } from './label-projects.ts';
import { percent } from './percent.ts';
import type { WebContext } from './web-context.ts';

const RUNS_SHOWN = 10;
const DEAD_SHOWN = 50;
/** Longer without a good run, and the sync is called late. */
const LATE_MS = 10 * 60_000;
/** Waits longer, and the outbox is stuck: as long as for the alert OutboxStuck. */
const STUCK_MS = 15 * 60_000;
/** For an answer of Label Studio. */
const PATIENCE_MS = 1500;

/** One part of the service: how it is, in words. */
export interface PartState {
  readonly name: string;
  readonly isWell: boolean;
  readonly words: string;
}

/** Everything on the ops page. */
export async function opsPage(context: WebContext): Promise<object> {
  const { store, clock, operations } = context;
  const now = clock.now();
  const [runs, outbox, dead, selected, policy, projects, reconciliation, pictures] =
    await Promise.all([
      store.lastRuns(RUNS_SHOWN),
      store.outboxState(),
      store.deadEntries(DEAD_SHOWN),
      store.selectedOnDay(dayOf(now)),
      store.currentPolicy(),
      labelProjects(context),
      store.finding('reconciliation'),
      store.finding('picture_check'),
    ]);
  const inviteLink = await orNull(operations.inviteLink);
  return {
    parts: [
      ...(await partStates(context, runs, inviteLink !== null)),
      outboxState(outbox, now),
      ...(pictures === null ? [] : [pictureState(pictures)]),
      ...(reconciliation === null ? [] : [comparisonState(reconciliation)]),
    ],
    runs: runs.map(runRow),
    outbox: {
      pending: outbox.pending,
      dead: outbox.dead,
      oldest: outbox.oldestCreatedAt === null ? null : `${timeWords(outbox.oldestCreatedAt)} UTC`,
    },
    dead: dead.map(deadRow),
    budget: `${selected} of ${operations.budgetPerDay} tasks selected since midnight UTC`,
    policy: policyRows(policy ?? context.firstPolicy),
    projects,
    inviteLink,
    canRun: operations.requestRun !== null,
  };
}

async function partStates(
  context: WebContext,
  runs: readonly SyncRun[],
  isLabelingToolThere: boolean,
): Promise<readonly PartState[]> {
  const [isStoreWell, isClassifierWell] = await Promise.all([
    context.store.ping().then(
      () => true,
      () => false,
    ),
    context.classifier?.isReady() ?? null,
  ]);
  return [
    state('Records', isStoreWell, 'can be written', 'can not be written'),
    isClassifierWell === null
      ? { name: 'Classifier', isWell: true, words: 'none here: predictions are reported' }
      : state('Classifier', isClassifierWell, 'answers', 'does not answer'),
    syncState(runs, context.clock.now()),
    ...(context.operations.inviteLink === null
      ? []
      : [state('Label Studio', isLabelingToolThere, 'answers', 'does not answer')]),
  ];
}

const state = (name: string, isWell: boolean, well: string, ill: string): PartState => ({
  name,
  isWell,
  words: isWell ? well : ill,
});

function syncState(runs: readonly SyncRun[], now: number): PartState {
  const name = 'Sync';
  const finished = runs.filter(({ result }) => result !== 'running');
  const [last] = finished;
  if (last === undefined) return { name, isWell: false, words: 'has not run yet' };
  if (last.result === 'failure') return { name, isWell: false, words: 'failed the last time' };
  const at = last.finishedAt ?? last.startedAt;
  if (now - at > LATE_MS)
    return { name, isWell: false, words: `late: last ran at ${timeWords(at)} UTC` };
  return { name, isWell: true, words: `ran at ${timeWords(at)} UTC` };
}

type OutboxState = Awaited<ReturnType<WebContext['store']['outboxState']>>;

function outboxState({ dead, oldestCreatedAt }: OutboxState, now: number): PartState {
  const name = 'Outbox';
  if (dead > 0)
    return {
      name,
      isWell: false,
      words: `${dead === 1 ? 'one entry is' : `${dead} entries are`} dead: mend the cause that stands below, then try again`,
    };
  if (oldestCreatedAt !== null && now - oldestCreatedAt > STUCK_MS)
    return { name, isWell: false, words: `stuck: waits since ${timeWords(oldestCreatedAt)} UTC` };
  return { name, isWell: true, words: 'nothing is stuck' };
}

const pictureState = ({ at, problem }: PictureCheck): PartState => ({
  name: 'Pictures in tasks',
  isWell: problem === null,
  words: problem ?? `opened under PUBLIC_URL at ${timeWords(at)} UTC`,
});

function comparisonState({ at, kept }: Reconciliation): PartState {
  const lost = PROJECT_KINDS.filter((kind) => kept[kind] > 0);
  const counts = lost.map((kind) => `${kept[kind]} in ${PROJECT_NAMES[kind]}`).join(', ');
  return {
    name: 'Labels',
    isWell: lost.length === 0,
    words:
      lost.length === 0
        ? `compared with Label Studio at ${timeWords(at)} UTC`
        : `labelled tasks are gone in great numbers (${counts}); their labels are kept and go on counting until npm run reconcile is told --accept-deletions or --keep-labels`,
  };
}

const RUN_WORDS = { running: 'running', success: 'went well', failure: 'failed' } as const;

/** Several runs share a minute. @returns "2026-11-22 10:00:07", UTC */
const secondWords = (ms: number): string =>
  new Date(ms).toISOString().slice(0, 19).replace('T', ' ');

const runRow = (run: SyncRun): object => ({
  startedAt: secondWords(run.startedAt),
  trigger: run.trigger,
  result: RUN_WORDS[run.result],
  seconds: run.finishedAt === null ? '–' : ((run.finishedAt - run.startedAt) / 1000).toFixed(1),
  counts: [run.selected, run.pushed, run.pulled],
  error: run.error,
});

const deadRow = (entry: OutboxEntry): object => ({
  id: entry.id,
  kind: entry.kind.replaceAll('_', ' '),
  predictionId: entry.predictionId,
  project: PROJECT_NAMES[entry.project],
  attempts: entry.attempts,
  lastError: entry.lastError ?? '–',
  since: timeWords(entry.createdAt),
});

const policyRows = (policy: Policy): readonly (readonly [string, string])[] => [
  ['Made at', policy.madeAt === 0 ? 'before the first run' : `${timeWords(policy.madeAt)} UTC`],
  ['Design', policy.design],
  ['Random', percent(policy.random, 1)],
  ['Low confidence', percent(policy.lowConfidence, 1)],
  ['Disputed', percent(policy.disputed, 1)],
  ['Spare', percent(policy.spare, 1)],
];

/** What can't be had just now is left out of the page; its state says so. A page does not wait for what hangs. */
async function orNull(ask: (() => Promise<string>) | null): Promise<string | null> {
  if (ask === null) return null;
  const patience = new AbortController();
  const late = setTimeout(PATIENCE_MS, null, { signal: patience.signal, ref: false });
  const answer = ask().catch(() => null);
  try {
    return await Promise.race([answer, late]);
  } finally {
    late.catch(() => undefined);
    patience.abort();
  }
}
