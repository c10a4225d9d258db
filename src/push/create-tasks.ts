import { LabelingToolRefused } from '../domain/errors.ts';
import type { PredictionId } from '../domain/ids.ts';
import type { StoredPrediction } from '../domain/prediction.ts';
import type { ProjectKind } from '../domain/selection.ts';
import type { FoundTask, TaskDraft, TaskRef } from '../ports/labeling-tool.ts';
import type { OutboxEntry } from '../ports/store/outbox-store.ts';
import {
  blameFor,
  bury,
  idsOf,
  postpone,
  type PushRun,
  standBack,
  taskData,
  UNSEEN_MS,
} from './send-batch.ts';

const IMAGE_CHECK_MS = 30_000;

interface Item {
  readonly entry: OutboxEntry;
  readonly draft: TaskDraft;
}

/**
 * Makes the tasks of one project's entries: note the attempt, look up what an earlier one may have made, note the send,
 * make the rest, mark. Whatever is cut off in between, the next attempt finds by the look-up: lost never, doubled never.
 * It waits until the look-up can see what may still be being made.
 */
export async function createTasksOf(
  run: PushRun,
  kind: ProjectKind,
  entries: readonly OutboxEntry[],
): Promise<void> {
  const projectId = await run.store.projectId(kind);
  if (projectId === null) {
    run.missingProjects.add(kind);
    return;
  }
  const items = await draftsOf(run, kind, entries);
  if (items.length === 0) return;
  const due = items.map(({ entry }) => entry);
  await run.store.beginSend(idsOf(due), run.clock.now() + UNSEEN_MS, run.fence);
  let found: ReadonlyMap<PredictionId, number>;
  try {
    const refs = await run.tool.findTasks(
      projectId,
      due.map(({ predictionId }) => predictionId),
    );
    found = oldestOf(refs);
    await readAgain(run, projectId, refs);
  } catch (error) {
    return standBack(run, due, error);
  }
  const isThere = ({ entry }: Item): boolean => found.has(entry.predictionId);
  const there = items.filter(isThere);
  await mark(run, projectId, there, found);
  run.count.found += there.length;
  await makeTasks(
    run,
    projectId,
    items.filter((item) => !isThere(item)),
  );
}

/**
 * Entries of predictions that were erased meanwhile are done: nothing is left to label. Those of an attempt before became
 * the deletion of what it may have made, which is still to be done.
 */
async function draftsOf(
  run: PushRun,
  kind: ProjectKind,
  entries: readonly OutboxEntry[],
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (const entry of entries) {
    const { predictionId } = entry;
    const prediction = await run.store.findPrediction(predictionId);
    if (prediction === null) {
      if (entry.attempts === 0) await run.store.markDone([entry.id], run.fence);
    } else if (await isWithoutImage(run, prediction)) await awaitImage(run, entry);
    else {
      const data = taskData(run.settings, kind, prediction);
      items.push({ entry, draft: { predictionId, data } });
    }
  }
  return items;
}

const isWithoutImage = async (run: PushRun, prediction: StoredPrediction): Promise<boolean> =>
  prediction.contentDigest === '' && !(await run.objects.has(prediction.objectKey));

/** Nothing waits for ever: an image that never comes ends with a dead entry, which can be redriven. */
async function awaitImage(run: PushRun, entry: OutboxEntry): Promise<void> {
  const now = run.clock.now();
  if (now - entry.createdAt < run.settings.imageWaitMs)
    return postpone(run, [entry], now + IMAGE_CHECK_MS, 'its reporter has not sent the image yet');
  return bury(
    run,
    entry,
    'Its reporter never sent the image: send it (GET /api/images/wanted), then redrive',
  );
}

/** What people said of a task before we knew of it may lie behind the watermark: the next pull goes back to it. */
async function readAgain(
  run: PushRun,
  projectId: number,
  refs: readonly FoundTask[],
): Promise<void> {
  if (refs.length === 0) return;
  const watermark = await run.store.watermark(projectId);
  if (watermark === null) return;
  const at = Math.min(watermark, ...refs.map(({ updatedAt }) => updatedAt));
  await run.store.savePulled([], { projectId, at }, run.fence);
}

/** Where somebody doubled a task, the older one is taken; reconciliation removes the other. */
function oldestOf(refs: readonly TaskRef[]): ReadonlyMap<PredictionId, number> {
  const oldest = new Map<PredictionId, number>();
  for (const { predictionId, taskId } of refs)
    oldest.set(predictionId, Math.min(taskId, oldest.get(predictionId) ?? taskId));
  return oldest;
}

/** The wait counts from here: the look-up may have taken long, and so may what was sent before it. */
const noteSend = (run: PushRun, entries: readonly OutboxEntry[]): Promise<void> =>
  run.store.postpone(
    idsOf(entries),
    run.clock.now() + UNSEEN_MS,
    'It was sent, and its sender heard no more of it',
    run.fence,
  );

/** A refused batch made nothing: its halves are tried, down to the one that spoils it. */
async function makeTasks(run: PushRun, projectId: number, items: readonly Item[]): Promise<void> {
  const [first] = items;
  if (first === undefined) return;
  const entries = items.map(({ entry }) => entry);
  await noteSend(run, entries);
  let refs: readonly TaskRef[];
  try {
    refs = await run.tool.createTasks(
      projectId,
      items.map(({ draft }) => draft),
    );
  } catch (error) {
    if (!(error instanceof LabelingToolRefused) || blameFor(error) !== 'entry')
      return standBack(run, entries, error, UNSEEN_MS);
    if (items.length === 1) return bury(run, first.entry, error.message);
    const half = Math.ceil(items.length / 2);
    await makeTasks(run, projectId, items.slice(0, half));
    return makeTasks(run, projectId, items.slice(half));
  }
  await mark(run, projectId, items, oldestOf(refs));
  run.count.created += items.length;
  run.meter.increment(
    'truthloop_tasks_pushed_total',
    { project: first.entry.project },
    items.length,
  );
}

async function mark(
  run: PushRun,
  projectId: number,
  items: readonly Item[],
  taskIds: ReadonlyMap<PredictionId, number>,
): Promise<void> {
  const created = items.flatMap(({ entry }) => {
    const taskId = taskIds.get(entry.predictionId);
    return taskId === undefined
      ? []
      : [
          {
            entryId: entry.id,
            predictionId: entry.predictionId,
            project: entry.project,
            projectId,
            taskId,
            pushedAt: run.clock.now(),
          },
        ];
  });
  if (created.length > 0) await run.store.markCreated(created, run.fence);
}
