import type { PredictionId } from '../domain/ids.ts';

/** What a project should look like; the tool is brought in step with it. */
export interface ProjectSpec {
  /** Our mark in the project's description by which a lost project is found again. */
  readonly marker: string;
  readonly title: string;
  readonly description: string;
  /** Label configuration (Label Studio's XML). */
  readonly labelConfig: string;
  /** Instructions for annotators (HTML). */
  readonly instruction: string;
  /** How many people answer each task, >= 1; single tasks may get more (askForAnnotators). */
  readonly annotatorsPerTask: number;
}

export interface TaskDraft {
  readonly predictionId: PredictionId;
  /** `image` and `prediction_id`, and only with REVEAL_PREDICTION=hard also class and confidence. */
  readonly data: Readonly<Record<string, string | number>>;
}

export interface TaskRef {
  readonly predictionId: PredictionId;
  readonly taskId: number;
}

export interface FoundTask extends TaskRef {
  /** Last change of the task or its annotations, ms, by the tool's clock. */
  readonly updatedAt: number;
}

/** An annotation as the tool holds it, unread: nobody validated it. */
export interface RawAnnotation {
  readonly annotationId: number;
  readonly annotator: string;
  readonly wasCancelled: boolean;
  /** The tool's `result`, as it came. */
  readonly result: unknown;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** A task with the complete list of its annotations: what is not in it was deleted. */
export interface RawTask {
  readonly taskId: number;
  /** Null when the task carries none: it is not ours. */
  readonly predictionId: PredictionId | null;
  readonly updatedAt: number;
  readonly annotations: readonly RawAnnotation[];
}

/**
 * The labelling tool. Every method rejects with LabelingToolUnavailable (try again later) or LabelingToolRefused (never
 * will); nothing is retried inside but what is safe to repeat.
 */
export interface LabelingTool {
  /**
   * Makes the project, or finds it (by id, else by marker) and brings it in step. `changes` names what had to be mended;
   * `doubles`: empty projects of the same mark and title, which an earlier call had made unseen, were removed.
   * @param beforeMaking what has to be done first where none is there; the new one may get the id of one that is gone
   */
  ensureProject(
    spec: ProjectSpec,
    knownId: number | null,
    beforeMaking?: () => Promise<void>,
  ): Promise<{
    readonly projectId: number;
    readonly changes: readonly ('created' | 'found' | keyof ProjectSpec | 'settings' | 'doubles')[];
  }>;
  /** Makes tasks; answers in the order given. No idempotency underneath: look up before a repeat. */
  createTasks(projectId: number, drafts: readonly TaskDraft[]): Promise<readonly TaskRef[]>;
  /** Tasks of these predictions in the project; several for one prediction if someone doubled them. */
  findTasks(
    projectId: number,
    predictionIds: readonly PredictionId[],
  ): Promise<readonly FoundTask[]>;
  /** Tasks updated at or after `since` (ms; null = all), oldest change first, in pages. */
  changedTasks(projectId: number, since: number | null): AsyncIterable<readonly RawTask[]>;
  /** Replaces a task's data (a renewed image URL). */
  updateTaskData(taskId: number, data: TaskDraft['data']): Promise<void>;
  /** Brings one more annotator to a task; `isAnswered` when it has answers already. */
  askForAnnotators(taskId: number, wanted: number, isAnswered: boolean): Promise<void>;
  /** Gone when it resolves; a missing task is not an error. */
  deleteTask(taskId: number): Promise<void>;
  /** Makes or keeps the webhook; `refused` where the tool does not allow the address. */
  ensureWebhook(projectId: number, url: string, secret: string): Promise<'registered' | 'refused'>;
  /** The link by which annotators make an account. */
  inviteLink(): Promise<string>;
  /** Resolves with the tool's version when it answers. */
  version(): Promise<string>;
}
