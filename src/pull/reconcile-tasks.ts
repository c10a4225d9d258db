import type { Task } from '../domain/annotation.ts';
import { LabelingToolRefused } from '../domain/errors.ts';
import type { PredictionId } from '../domain/ids.ts';
import { PROJECT_KINDS, type ProjectKind } from '../domain/selection.ts';
import type { LabelingTool, RawTask } from '../ports/labeling-tool.ts';
import type { Log } from '../ports/log.ts';
import type { Fence, OutboxStore, TaskStore } from '../ports/store.ts';
import { type AbsorbSettings, absorbTasks, isChanged } from './absorb-tasks.ts';
import { OVERLAP_MS, type PullDeps } from './pull-annotations.ts';

export interface ReconcileDeps extends PullDeps {
  readonly store: PullDeps['store'] & Pick<TaskStore, 'allTasks' | 'markDeleted' | 'relinkTask'>;
  readonly tool: Pick<LabelingTool, 'changedTasks' | 'findTasks' | 'deleteTask'>;
  readonly log: Log;
}

export type RepairKind = 'missing_task' | 'duplicate_task' | 'missed_annotation' | 'deleted_task';

/** What reconciliation found and mended. */
export interface ReconcileResult {
  readonly repairs: Readonly<Record<RepairKind, number>>;
  /** Labelled tasks that are gone with their project, or in great numbers: their labels are kept and go on counting. */
  readonly kept: number;
  /** Tasks in the projects that belong to no prediction of ours; left alone. */
  readonly foreign: number;
  readonly missingProjects: readonly ProjectKind[];
}

/**
 * Above this share of a project's labelled tasks gone at once (and more than one), somebody deleted them wholesale:
 * labels are kept until an operator says otherwise.
 */
const MASS_SHARE = 0.2;
/** Stands for the project of a task that was deleted wholesale: none has this id, so that it counts as lost from then on. */
const NO_PROJECT = 0;

/** One project's comparison under way. */
interface Comparison {
  readonly deps: ReconcileDeps;
  readonly settings: AbsorbSettings;
  readonly kind: ProjectKind;
  readonly projectId: number;
  readonly fence: Fence;
  readonly repairs: Record<RepairKind, number>;
}

/** A task as it stands in the labelling tool. */
interface TheirTask {
  readonly taskId: number;
  readonly isAnswered: boolean;
}
type Theirs = ReadonlyMap<PredictionId, readonly TheirTask[]>;

/**
 * Compares the full sets of tasks on both sides and mends what differs; safe to repeat. Run after push and pull, by the
 * holder of the lease.
 * @throws LabelingToolUnavailable, StoreUnavailable, LeaseLost; what was mended until then stays mended
 */
export async function reconcileTasks(
  deps: ReconcileDeps,
  settings: AbsorbSettings,
  fence: Fence,
): Promise<ReconcileResult> {
  const repairs = { missing_task: 0, duplicate_task: 0, missed_annotation: 0, deleted_task: 0 };
  const missingProjects: ProjectKind[] = [];
  let kept = 0;
  let foreign = 0;
  for (const kind of PROJECT_KINDS) {
    const projectId = await deps.store.projectId(kind);
    if (projectId === null) continue;
    try {
      const found = await compare({ deps, settings, kind, projectId, fence, repairs });
      kept += found.kept;
      foreign += found.foreign;
    } catch (error) {
      if (!(error instanceof LabelingToolRefused) || error.status !== 404) throw error;
      missingProjects.push(kind);
    }
  }
  report(deps, repairs, kept, foreign);
  return { repairs, kept, foreign, missingProjects };
}

async function compare(
  at: Comparison,
): Promise<{ readonly kept: number; readonly foreign: number }> {
  const { theirs, differing } = await readTheirs(at);
  const singled = await removeDuplicates(at, theirs);
  const moved = await relink(at, singled);
  await readMissed(at, differing, moved);
  const kept = await mendMissing(at, singled);
  const foreign = await adopt(at, singled);
  return { kept, foreign };
}

/** Every task that is there, and those whose annotations are not the ones that we know of their prediction. */
async function readTheirs({
  deps,
  projectId,
}: Comparison): Promise<{ readonly theirs: Theirs; readonly differing: readonly RawTask[] }> {
  const theirs = new Map<PredictionId, TheirTask[]>();
  const differing = new Map<number, RawTask>();
  for await (const page of deps.tool.changedTasks(projectId, null)) {
    for (const { predictionId, taskId, annotations } of page) {
      if (predictionId === null) continue;
      // A task that changes while it is read comes again: the later reading counts.
      const others = (theirs.get(predictionId) ?? []).filter((one) => one.taskId !== taskId);
      theirs.set(predictionId, [...others, { taskId, isAnswered: annotations.length > 0 }]);
    }
    for (const raw of await withChanges(deps, page)) differing.set(raw.taskId, raw);
  }
  return { theirs, differing: [...differing.values()] };
}

async function withChanges(
  { store }: ReconcileDeps,
  raws: readonly RawTask[],
): Promise<readonly RawTask[]> {
  const ids = raws.flatMap(({ predictionId }) => predictionId ?? []);
  const tasks = new Map((await store.tasksOf(ids)).map((task) => [task.predictionId, task]));
  return raws.filter((raw) => {
    const task = raw.predictionId === null ? undefined : tasks.get(raw.predictionId);
    return task !== undefined && isChanged(raw, task);
  });
}

/** Of several tasks of a prediction the answered one stays, then the one that we know, then the oldest. */
async function removeDuplicates(
  at: Comparison,
  theirs: Theirs,
): Promise<ReadonlyMap<PredictionId, number>> {
  const { store, tool, log } = at.deps;
  const single = new Map<PredictionId, number>();
  for (const [predictionId, tasks] of theirs) {
    const [only] = tasks;
    if (only !== undefined && tasks.length === 1) {
      single.set(predictionId, only.taskId);
      continue;
    }
    const known = (await store.tasksOf([predictionId]))[0]?.taskId;
    const [keeper, ...others] = [...tasks].sort(
      (a, b) =>
        Number(b.isAnswered) - Number(a.isAnswered) ||
        Number(b.taskId === known) - Number(a.taskId === known) ||
        a.taskId - b.taskId,
    );
    if (keeper === undefined) continue;
    single.set(predictionId, keeper.taskId);
    for (const other of others) {
      if (other.isAnswered) {
        log.warn(
          { predictionId, taskId: other.taskId },
          'two tasks of one prediction are answered',
        );
        continue;
      }
      await tool.deleteTask(other.taskId);
      at.repairs.duplicate_task += 1;
    }
  }
  return single;
}

/** Our record follows to the task that is there. @returns the predictions whose record moved */
async function relink(
  at: Comparison,
  theirs: ReadonlyMap<PredictionId, number>,
): Promise<ReadonlySet<PredictionId>> {
  const { store } = at.deps;
  const moved = new Set<PredictionId>();
  for await (const page of store.allTasks(at.kind))
    for (const { predictionId, taskId, projectId } of page) {
      const there = theirs.get(predictionId);
      if (there === undefined || (there === taskId && projectId === at.projectId)) continue;
      await store.relinkTask(predictionId, at.projectId, there, at.fence);
      moved.add(predictionId);
    }
  return moved;
}

/**
 * Takes over annotations that no poll brought: those of tasks that were just linked, and changes from well before the
 * watermark. What is newer the next pull brings anyway.
 */
async function readMissed(
  at: Comparison,
  differing: readonly RawTask[],
  moved: ReadonlySet<PredictionId>,
): Promise<void> {
  const { store, clock } = at.deps;
  const watermark = await store.watermark(at.projectId);
  if (watermark === null) return;
  const due = differing.filter(
    ({ predictionId, updatedAt }) =>
      updatedAt < watermark - OVERLAP_MS || (predictionId !== null && moved.has(predictionId)),
  );
  if (due.length === 0) return;
  const { projectId, fence } = at;
  const reading = { projectId, watermark, annotatorCount: 0, now: clock.now(), fence };
  const pulled = await absorbTasks(at.deps, at.settings, due, reading);
  at.repairs.missed_annotation += pulled.length;
}

interface Missing {
  readonly open: Task[];
  readonly labelled: Task[];
}

/** @returns how many labels are kept although their task is gone */
async function mendMissing(
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
  const gone = await confirmed(at, [...here.open, ...here.labelled]);
  const labelled = here.labelled.filter((task) => gone.has(task.predictionId));
  const open = here.open.filter((task) => gone.has(task.predictionId));
  await makeAgain(at, [...open, ...lost.open]);
  const total = labelledThere + here.labelled.length;
  if (labelled.length > 1 && labelled.length > MASS_SHARE * total) {
    for (const task of labelled)
      await store.relinkTask(task.predictionId, NO_PROJECT, task.taskId, at.fence);
    return lost.labelled.length + labelled.length;
  }
  const ids = labelled.map(({ predictionId }) => predictionId);
  if (ids.length > 0) await store.markDeleted(ids, at.deps.clock.now(), at.fence);
  at.repairs.deleted_task += ids.length;
  return lost.labelled.length;
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
  await enqueueCreation(
    at,
    tasks.map(({ predictionId }) => predictionId),
  );
  at.repairs.missing_task += tasks.length;
}

const enqueueCreation = (at: Comparison, ids: readonly PredictionId[]): Promise<void> => {
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
async function adopt(at: Comparison, theirs: ReadonlyMap<PredictionId, number>): Promise<number> {
  const { store } = at.deps;
  let foreign = 0;
  const ids = [...theirs.keys()];
  const known = new Set((await store.tasksOf(ids)).map(({ predictionId }) => predictionId));
  for (const id of ids.filter((one) => !known.has(one))) {
    const prediction = await store.findPrediction(id);
    if (prediction?.decision?.isSelected === true) {
      await enqueueCreation(at, [id]);
      at.repairs.missing_task += 1;
    } else foreign += 1;
  }
  return foreign;
}

function report(
  { meter, log }: ReconcileDeps,
  repairs: ReconcileResult['repairs'],
  kept: number,
  foreign: number,
): void {
  for (const [kind, count] of Object.entries(repairs))
    if (count > 0) meter.increment('truthloop_reconcile_repairs_total', { kind }, count);
  if (Object.values(repairs).some((count) => count > 0))
    log.warn({ ...repairs }, 'records and Label Studio differed and were mended');
  if (kept > 0)
    log.error(
      { kept },
      'labelled tasks are gone from Label Studio in great numbers; their labels are kept and go on counting',
    );
  if (foreign > 0) log.info({ foreign }, 'tasks in our projects belong to no prediction of ours');
}
