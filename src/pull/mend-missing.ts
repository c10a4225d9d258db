import { KEPT_FOR_GOOD, NO_PROJECT, type Task } from '../domain/annotation.ts';
import type { RepairKind } from '../domain/findings.ts';
import type { PredictionId } from '../domain/ids.ts';
import type { ProjectKind } from '../domain/selection.ts';
import type { LabelingTool } from '../ports/labeling-tool.ts';
import type { Log } from '../ports/log.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { OutboxStore } from '../ports/store/outbox-store.ts';
import type { RunStore } from '../ports/store/run-store.ts';
import type { TaskStore } from '../ports/store/task-store.ts';
import type { AbsorbSettings } from './absorb-tasks.ts';
import type { PullDeps } from './pull-annotations.ts';

export interface ReconcileDeps extends PullDeps {
  readonly store: PullDeps['store'] &
    Pick<TaskStore, 'allTasks' | 'markDeleted' | 'relinkTask'> &
    Pick<RunStore, 'finding' | 'saveFinding'>;
  readonly tool: Pick<LabelingTool, 'changedTasks' | 'findTasks' | 'deleteTask'>;
  readonly log: Log;
}

export type TaskRepair = Exclude<RepairKind, 'missing_project' | 'changed_project'>;

/**
 * Above this share of a project's labelled tasks gone at once (and more than one), somebody deleted them wholesale:
 * labels are kept until an operator says otherwise.
 */
const MASS_SHARE = 0.2;

/** What an operator decides about labelled tasks that are gone in great numbers: they were meant to go, or their labels stay. */
export type DeletionsDecision = 'accept' | 'keep';

/** One project's comparison under way. */
export interface Comparison {
  readonly deps: ReconcileDeps;
  readonly settings: AbsorbSettings;
  readonly kind: ProjectKind;
  readonly projectId: number;
  readonly fence: Fence;
  readonly repairs: Record<TaskRepair, number>;
}

interface Missing {
  readonly open: Task[];
  readonly labelled: Task[];
}

/**
 * Tasks of ours that are not there: open ones are made again, the labels of single ones count no longer, those of a lost
 * project or of a deletion in great numbers are kept.
 * @param theirs the task that each prediction has there
 * @returns how many labels are kept although their task is gone
 */
export async function mendMissing(
  at: Comparison,
  theirs: ReadonlyMap<PredictionId, number>,
): Promise<number> {
  const { store } = at.deps;
  const here: Missing = { open: [], labelled: [] };
  const lost: Missing = { open: [], labelled: [] };
  let labelledThere = 0;
  for await (const page of store.allTasks(at.kind))
    for (const task of page) {
      const isLabelled = task.annotations.length > 0;
      if (theirs.has(task.predictionId)) labelledThere += isLabelled ? 1 : 0;
      else
        (task.projectId === at.projectId ? here : lost)[isLabelled ? 'labelled' : 'open'].push(
          task,
        );
    }
  const kept = lost.labelled.filter(({ projectId }) => projectId !== KEPT_FOR_GOOD).length;
  const gone = await confirmed(at, [...here.open, ...here.labelled]);
  const labelled = here.labelled.filter((task) => gone.has(task.predictionId));
  const open = here.open.filter((task) => gone.has(task.predictionId));
  await makeAgain(at, [...open, ...lost.open]);
  const total = labelledThere + here.labelled.length;
  if (labelled.length > 1 && labelled.length > MASS_SHARE * total) {
    for (const task of labelled)
      await store.relinkTask(task.predictionId, NO_PROJECT, task.taskId, at.fence);
    return kept + labelled.length;
  }
  const ids = labelled.map(({ predictionId }) => predictionId);
  if (ids.length > 0) await store.markDeleted(ids, at.deps.clock.now(), at.fence);
  at.repairs.deleted_task += ids.length;
  return kept;
}

/**
 * Does what the operator decided about the labels that are kept: they count no longer, or for good. What is found gone only
 * now is not part of it.
 */
export async function decideDeletions(
  { deps: { store, clock }, kind, projectId, fence, repairs }: Comparison,
  decision: DeletionsDecision,
): Promise<void> {
  for await (const page of store.allTasks(kind)) {
    const kept = page.filter(
      (task) =>
        task.annotations.length > 0 &&
        task.projectId !== projectId &&
        task.projectId !== KEPT_FOR_GOOD,
    );
    const ids = kept.map(({ predictionId }) => predictionId);
    if (decision === 'accept') {
      await store.markDeleted(ids, clock.now(), fence);
      repairs.deleted_task += ids.length;
    } else
      for (const { predictionId, taskId } of kept)
        await store.relinkTask(predictionId, KEPT_FOR_GOOD, taskId, fence);
  }
}

/** A full reading takes a while: before anything is taken for gone, it is asked for by name. */
async function confirmed(
  { deps, projectId }: Comparison,
  tasks: readonly Task[],
): Promise<ReadonlySet<PredictionId>> {
  const ids = tasks.map(({ predictionId }) => predictionId);
  if (ids.length === 0) return new Set();
  const found = new Set((await deps.tool.findTasks(projectId, ids)).map((ref) => ref.predictionId));
  return new Set(ids.filter((id) => !found.has(id)));
}

async function makeAgain(at: Comparison, tasks: readonly Task[]): Promise<void> {
  if (tasks.length === 0) return;
  const ids = tasks.map(({ predictionId }) => predictionId);
  at.repairs.missing_task += await enqueueCreation(at, ids);
}

/** @returns how many do not wait to be made already */
const enqueueCreation = (at: Comparison, ids: readonly PredictionId[]): Promise<number> => {
  const createdAt = at.deps.clock.now();
  const entries: Parameters<OutboxStore['enqueue']>[0] = ids.map((predictionId) => ({
    kind: 'create_task',
    predictionId,
    project: at.kind,
    reasons: [],
    createdAt,
    taskId: null,
  }));
  return at.deps.store.enqueue(entries, at.fence);
};

/**
 * A selected prediction's task that we have no record of (a record restored from a backup) is taken over: the push finds it
 * by its look-up and marks it. @returns tasks of predictions that are not ours
 */
export async function adopt(
  at: Comparison,
  theirs: ReadonlyMap<PredictionId, number>,
): Promise<number> {
  const { store } = at.deps;
  let foreign = 0;
  const ids = [...theirs.keys()];
  const known = new Set((await store.tasksOf(ids)).map(({ predictionId }) => predictionId));
  for (const id of ids.filter((one) => !known.has(one))) {
    const prediction = await store.findPrediction(id);
    if (prediction?.decision?.isSelected !== true) foreign += 1;
    // One whose sender died after it was made still waits for its look-up: nothing is to be mended.
    else at.repairs.missing_task += await enqueueCreation(at, [id]);
  }
  return foreign;
}
