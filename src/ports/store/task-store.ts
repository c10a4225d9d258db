import type { Annotation, Task, Verdict } from '../../domain/annotation.ts';
import type { PredictionId } from '../../domain/ids.ts';
import type { ProjectKind } from '../../domain/selection.ts';
import type { Fence } from './fence.ts';

export interface TaskStore {
  /** The labelling tool's project of a kind, as last known. */
  projectId(kind: ProjectKind): Promise<number | null>;
  setProjectId(kind: ProjectKind, projectId: number, fence: Fence): Promise<void>;
  /** The prediction's task, or the one that it shares (which is another prediction's). */
  findTask(predictionId: PredictionId): Promise<Task | null>;
  /** The tasks that are these predictions' own. */
  tasksOf(predictionIds: readonly PredictionId[]): Promise<readonly Task[]>;
  /** Stores what was pulled: the annotations (absent ones become tombstones, history stays), the verdict; and moves the watermark. */
  savePulled(
    pulled: readonly {
      readonly predictionId: PredictionId;
      readonly annotations: readonly Annotation[];
      readonly verdict: Verdict;
      readonly annotatorsWanted: number;
    }[],
    watermark: { readonly projectId: number; readonly at: number },
    fence: Fence,
  ): Promise<void>;
  /** Time up to which a project's changes have been pulled; null before the first pull. */
  watermark(projectId: number): Promise<number | null>;
  /** Every task of a project kind (not deleted), ordered by prediction id, streamed in pages: for reconciliation. */
  allTasks(kind: ProjectKind): AsyncIterable<readonly Task[]>;
  /** The task is gone in the labelling tool: its labels no longer count. */
  markDeleted(predictionIds: readonly PredictionId[], at: number, fence: Fence): Promise<void>;
  /** The prediction's task is another one now (a duplicate removed, a project rebuilt). */
  relinkTask(
    predictionId: PredictionId,
    projectId: number,
    taskId: number,
    fence: Fence,
  ): Promise<void>;
  /** Tasks of each project that wait for an answer: what an annotator finds there. */
  waitingTasks(): Promise<Readonly<Record<ProjectKind, number>>>;
  /** Distinct annotators with an answer since `since`. */
  annotatorCount(since: number): Promise<number>;
  /** Tasks whose verdict is `disagreed` and whose tie is younger than `since`: they wait for one more annotator. */
  openTies(since: number): Promise<readonly Task[]>;
}
