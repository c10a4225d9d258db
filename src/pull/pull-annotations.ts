import { LabelingToolRefused } from '../domain/errors.ts';
import { PROJECT_KINDS, type ProjectKind } from '../domain/selection.ts';
import type { LabelChange } from '../domain/unit.ts';
import type { Clock } from '../ports/clock.ts';
import type { LabelingTool } from '../ports/labeling-tool.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { TaskStore } from '../ports/store/task-store.ts';
import { type AbsorbDeps, type AbsorbSettings, absorbTasks } from './absorb-tasks.ts';

/**
 * The tool sets a task's time before its transaction commits: a change may appear behind the watermark, but hardly this
 * far behind it.
 */
export const OVERLAP_MS = 10_000;
const ANNOTATOR_DAYS_MS = 7 * 86_400_000;

export interface PullDeps extends AbsorbDeps {
  readonly store: AbsorbDeps['store'] &
    Pick<TaskStore, 'projectId' | 'watermark' | 'annotatorCount'>;
  readonly tool: Pick<LabelingTool, 'changedTasks'>;
  readonly clock: Clock;
}

/** What one run of the pull did. */
export interface PullResult {
  /** One entry for each task whose annotations changed. */
  readonly changes: readonly LabelChange[];
  /** Tasks read. */
  readonly read: number;
  /** Projects that are not there; the sync ensures them. */
  readonly missingProjects: readonly ProjectKind[];
}

/**
 * Reads what changed in the projects since the last time, with an overlap, and saves it page by page: cut off, the next
 * run goes on where this one stopped.
 * @throws LabelingToolUnavailable, StoreUnavailable, LeaseLost; what was saved until then stays saved
 */
export async function pullAnnotations(
  deps: PullDeps,
  settings: AbsorbSettings,
  fence: Fence,
): Promise<PullResult> {
  const missingProjects: ProjectKind[] = [];
  const changes: LabelChange[] = [];
  let read = 0;
  for (const kind of PROJECT_KINDS) {
    const projectId = await deps.store.projectId(kind);
    if (projectId === null) continue;
    try {
      for await (const page of pullProject(deps, settings, projectId, fence)) {
        changes.push(...page.changes);
        read += page.read;
      }
    } catch (error) {
      if (!(error instanceof LabelingToolRefused) || error.status !== 404) throw error;
      missingProjects.push(kind);
    }
  }
  return { changes, read, missingProjects };
}

async function* pullProject(
  deps: PullDeps,
  settings: AbsorbSettings,
  projectId: number,
  fence: Fence,
): AsyncGenerator<Pick<PullResult, 'changes' | 'read'>> {
  const { store, tool, clock } = deps;
  const before = await store.watermark(projectId);
  let watermark = before ?? 0;
  const since = before === null ? null : before - OVERLAP_MS;
  for await (const raws of tool.changedTasks(projectId, since)) {
    const now = clock.now();
    watermark = Math.max(watermark, ...raws.map(({ updatedAt }) => updatedAt));
    const annotatorCount = await store.annotatorCount(now - ANNOTATOR_DAYS_MS);
    const reading = { projectId, watermark, annotatorCount, now, fence };
    const changes = await absorbTasks(deps, settings, raws, reading);
    yield { changes, read: raws.length };
  }
}
