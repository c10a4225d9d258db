import { LabelingToolRefused } from '../domain/errors.ts';
import type { ProjectKind } from '../domain/selection.ts';
import type { TaskRef } from '../ports/labeling-tool.ts';
import type { OutboxEntry } from '../ports/store/outbox-store.ts';
import { blameFor, bury, idsOf, type PushRun, standBack, taskData } from './send-batch.ts';

/**
 * Does what entries ask to be done to tasks that are there. Tasks are looked up by prediction, never trusted by a
 * remembered id: a Label Studio that was reset gives the same id to another task.
 */
export async function changeTasksOf(
  run: PushRun,
  kind: ProjectKind,
  entries: readonly OutboxEntry[],
): Promise<void> {
  await run.store.beginSend(idsOf(entries), run.clock.now(), run.fence);
  let refs: readonly TaskRef[];
  try {
    refs = await tasksOf(run, kind, entries);
  } catch (error) {
    return standBack(run, entries, error);
  }
  for (const [index, entry] of entries.entries()) {
    const own = refs.filter(({ predictionId }) => predictionId === entry.predictionId);
    try {
      for (const { taskId } of own) await change(run, entry, taskId);
    } catch (error) {
      if (!(error instanceof LabelingToolRefused) || blameFor(error) === 'connection')
        return standBack(run, entries.slice(index), error);
      // The task went away in between: there is nothing left to change.
      if (blameFor(error) === 'entry') {
        await bury(run, entry, error.message);
        continue;
      }
    }
    await run.store.markDone([entry.id], run.fence);
    run.count.done += 1;
  }
}

/** A project that is gone took its tasks along. */
async function tasksOf(
  run: PushRun,
  kind: ProjectKind,
  entries: readonly OutboxEntry[],
): Promise<readonly TaskRef[]> {
  const projectId = await run.store.projectId(kind);
  if (projectId === null) return [];
  try {
    return await run.tool.findTasks(
      projectId,
      entries.map(({ predictionId }) => predictionId),
    );
  } catch (error) {
    if (!(error instanceof LabelingToolRefused) || blameFor(error) !== 'project') throw error;
    run.missingProjects.add(kind);
    return [];
  }
}

async function change(run: PushRun, entry: OutboxEntry, taskId: number): Promise<void> {
  switch (entry.kind) {
    case 'delete_task':
      return run.tool.deleteTask(taskId);
    case 'renew_image':
      return renewImage(run, entry, taskId);
    case 'ask_annotator':
      return askAnnotator(run, entry, taskId);
    case 'create_task':
      throw new Error('a task to be made is not one to be changed');
  }
}

async function renewImage(run: PushRun, entry: OutboxEntry, taskId: number): Promise<void> {
  const prediction = await run.store.findPrediction(entry.predictionId);
  if (prediction === null) return;
  await run.tool.updateTaskData(taskId, taskData(run.settings, entry.project, prediction));
}

async function askAnnotator(run: PushRun, entry: OutboxEntry, taskId: number): Promise<void> {
  const task = await run.store.findTask(entry.predictionId);
  if (task === null || task.taskId !== taskId) return;
  const answered = new Set(task.annotations.map(({ annotator }) => annotator)).size;
  if (answered >= task.annotatorsWanted) return;
  await run.tool.askForAnnotators(taskId, task.annotatorsWanted, answered > 0);
}
