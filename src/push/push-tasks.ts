import { PROJECT_KINDS, type ProjectKind } from '../domain/selection.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { OutboxEntry } from '../ports/store/outbox-store.ts';
import { changeTasksOf } from './change-tasks.ts';
import { createTasksOf } from './create-tasks.ts';
import {
  PushEnded,
  type PushResult,
  type PushRun,
  type PushTasksDeps,
  type PushTasksSettings,
} from './send-batch.ts';

const BATCH_SIZE = 100;
/** Addresses of pictures are renewed long before they expire: a run does not wait for thousands of them. */
const RENEWALS_A_RUN = 500;
/** What a person asked to have deleted goes first. */
const ORDER = ['delete_task', 'create_task', 'ask_annotator', 'renew_image'] as const;

/**
 * Drains the outbox into the labelling tool, in batches. Entries that can't go now are postponed, those that never will
 * are buried with the reason; the rest goes on.
 * @throws StoreUnavailable, LeaseLost; a failing labelling tool is in the result
 */
export async function pushTasks(
  deps: PushTasksDeps,
  settings: PushTasksSettings,
  fence: Fence,
): Promise<PushResult> {
  const run: PushRun = {
    ...deps,
    settings,
    fence,
    count: { created: 0, found: 0, done: 0, postponed: 0, buried: 0 },
    missingProjects: new Set(),
  };
  let error: PushResult['error'] = null;
  try {
    for (const kind of ORDER) await drain(run, kind);
  } catch (reason) {
    if (!(reason instanceof PushEnded)) throw reason;
    error = reason.reason;
  }
  return { ...run.count, missingProjects: [...run.missingProjects], error };
}

/**
 * Every entry that is sent leaves the due ones, but for those of a missing project: when only they are left, it is done.
 * What comes due meanwhile waits for the next push, or a slow one would never end.
 */
async function drain(run: PushRun, kind: OutboxEntry['kind']): Promise<void> {
  const most = kind === 'renew_image' ? RENEWALS_A_RUN : Infinity;
  const now = run.clock.now();
  for (let sent = 0; sent < most; sent += BATCH_SIZE) {
    const entries = await run.store.dueEntries(kind, now, BATCH_SIZE);
    const able = entries.filter(({ project }) => !run.missingProjects.has(project));
    if (able.length === 0) return;
    for (const project of PROJECT_KINDS) {
      const own = able.filter((entry) => entry.project === project);
      if (own.length > 0) await send(run, kind, project, own);
    }
    if (entries.length < BATCH_SIZE) return;
  }
}

const send = (
  run: PushRun,
  kind: OutboxEntry['kind'],
  project: ProjectKind,
  entries: readonly OutboxEntry[],
): Promise<void> =>
  kind === 'create_task'
    ? createTasksOf(run, project, entries)
    : changeTasksOf(run, project, entries);
