import { LabelingToolRefused } from '../domain/errors.ts';
import type { Reconciliation } from '../domain/findings.ts';
import type { PredictionId } from '../domain/ids.ts';
import { PROJECT_KINDS, type ProjectKind } from '../domain/selection.ts';
import type { RawTask } from '../ports/labeling-tool.ts';
import type { Fence } from '../ports/store/fence.ts';
import { type AbsorbSettings, absorbTasks, isChanged } from './absorb-tasks.ts';
import {
  adopt,
  type Comparison,
  decideDeletions,
  type DeletionsDecision,
  mendMissing,
  type ReconcileDeps,
  type TaskRepair,
} from './mend-missing.ts';
import { OVERLAP_MS } from './pull-annotations.ts';

/** What reconciliation found and mended. */
export interface ReconcileResult extends Reconciliation {
  readonly repairs: Readonly<Record<TaskRepair, number>>;
  readonly missingProjects: readonly ProjectKind[];
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
 * @param decision the operator's, about the labels that were kept until now; null: none was made
 * @throws LabelingToolUnavailable, StoreUnavailable, LeaseLost; what was mended until then stays mended
 */
export async function reconcileTasks(
  deps: ReconcileDeps,
  settings: AbsorbSettings,
  fence: Fence,
  decision: DeletionsDecision | null = null,
): Promise<ReconcileResult> {
  const repairs = { missing_task: 0, duplicate_task: 0, missed_annotation: 0, deleted_task: 0 };
  const missingProjects: ProjectKind[] = [];
  const kept = { random: 0, low_confidence: 0, disputed: 0 };
  let foreign = 0;
  for (const kind of PROJECT_KINDS) {
    const projectId = await deps.store.projectId(kind);
    if (projectId === null) continue;
    try {
      const comparison = { deps, settings, kind, projectId, fence, repairs };
      if (decision !== null) await decideDeletions(comparison, decision);
      const found = await compare(comparison);
      kept[kind] = found.kept;
      foreign += found.foreign;
    } catch (error) {
      if (!(error instanceof LabelingToolRefused) || error.status !== 404) throw error;
      missingProjects.push(kind);
    }
  }
  const reconciliation = { at: deps.clock.now(), repairs, kept, foreign };
  report(deps, reconciliation);
  await deps.store.saveFinding('reconciliation', reconciliation, fence);
  return { ...reconciliation, missingProjects };
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

function report(
  { meter, log }: ReconcileDeps,
  { repairs, kept, foreign }: Pick<ReconcileResult, 'repairs' | 'kept' | 'foreign'>,
): void {
  for (const [kind, count] of Object.entries(repairs))
    if (count > 0) meter.increment('truthloop_reconcile_repairs_total', { kind }, count);
  if (Object.values(repairs).some((count) => count > 0))
    log.warn({ ...repairs }, 'records and Label Studio differed and were mended');
  if (Object.values(kept).some((count) => count > 0))
    log.error(
      { ...kept },
      'labelled tasks are gone from Label Studio in great numbers; their labels are kept and go on counting until npm run reconcile is told what to do',
    );
  if (foreign > 0) log.info({ foreign }, 'tasks in our projects belong to no prediction of ours');
}
