import { type AppError, LabelingToolRefused, LabelingToolUnavailable } from '../domain/errors.ts';
import type { PredictionId } from '../domain/ids.ts';
import type { StoredPrediction } from '../domain/prediction.ts';
import type { ProjectKind } from '../domain/selection.ts';
import type { Clock } from '../ports/clock.ts';
import type { LabelingTool } from '../ports/labeling-tool.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Random } from '../ports/random.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { OutboxEntry, OutboxStore } from '../ports/store/outbox-store.ts';
import type { PredictionStore } from '../ports/store/prediction-store.ts';
import type { TaskStore } from '../ports/store/task-store.ts';

export interface PushTasksDeps {
  readonly store: Pick<
    OutboxStore,
    'dueEntries' | 'beginSend' | 'markCreated' | 'markDone' | 'postpone' | 'bury'
  > &
    Pick<TaskStore, 'projectId' | 'findTask' | 'watermark' | 'savePulled'> &
    Pick<PredictionStore, 'findPrediction'>;
  readonly tool: Pick<
    LabelingTool,
    'createTasks' | 'findTasks' | 'updateTaskData' | 'askForAnnotators' | 'deleteTask'
  >;
  readonly objects: Pick<ObjectStore, 'has'>;
  readonly clock: Clock;
  readonly random: Pick<Random, 'uniform'>;
  readonly meter: Meter;
  readonly log: Log;
}

export interface PushTasksSettings {
  /** The address under which annotators' browsers get a prediction's image. */
  readonly imageUrl: (id: PredictionId) => string;
  /** REVEAL_PREDICTION=hard: tasks of the two hard projects carry class and confidence. */
  readonly isRevealed: boolean;
  /** How long a task waits for an image that its reporter still keeps, ms. */
  readonly imageWaitMs: number;
}

/** What one run of the push did. */
export interface PushResult {
  /** Tasks made. */
  readonly created: number;
  /** Tasks that an earlier send had made although its answer got lost. */
  readonly found: number;
  /** Annotators asked for, images renewed, tasks deleted. */
  readonly done: number;
  readonly postponed: number;
  /** Entries that will never succeed as they are. */
  readonly buried: number;
  /** Projects that are not there; the sync ensures them and pushes again. */
  readonly missingProjects: readonly ProjectKind[];
  /** Why the push ended early; null when it came to its end. */
  readonly error: AppError | null;
}

/** A push under way: its collaborators and its counts. */
export interface PushRun extends PushTasksDeps {
  readonly settings: PushTasksSettings;
  readonly fence: Fence;
  readonly count: {
    created: number;
    found: number;
    done: number;
    postponed: number;
    buried: number;
  };
  readonly missingProjects: Set<ProjectKind>;
}

/** Ends the push: the labelling tool as a whole does not work for us now. */
export class PushEnded extends Error {
  readonly reason: AppError;

  constructor(reason: AppError) {
    super(reason.message, { cause: reason });
    this.reason = reason;
  }
}

/**
 * How long tasks may be in the making after their sender heard no more of them. The labelling tool answers nobody later; a
 * look-up before that could miss them, and they would be made twice.
 */
export const UNSEEN_MS = 30_000;
const BACKOFF_MS = 5000;
const BACKOFF_MS_MAX = 300_000;

/** What the tool's refusal of a request is about: the whole connection, the project, or what was sent. */
export function blameFor({ status }: LabelingToolRefused): 'connection' | 'project' | 'entry' {
  if (status === 404) return 'project';
  return status < 400 || status === 401 || status === 403 || status === 407
    ? 'connection'
    : 'entry';
}

/** When entries may be tried again: full jitter on a doubling wait of at most five minutes, or what the tool asked for. */
export function notBefore(
  { clock, random }: Pick<PushRun, 'clock' | 'random'>,
  attempts: number,
  error: AppError,
): number {
  const wait = Math.min(BACKOFF_MS_MAX, BACKOFF_MS * 2 ** Math.min(attempts, 10));
  const asked = error instanceof LabelingToolUnavailable ? (error.retryAfterSeconds ?? 0) : 0;
  return Math.ceil(clock.now() + Math.max(asked * 1000, 1000 + random.uniform() * wait));
}

/**
 * Handles a failure that is not one entry's own: postpones the entries and ends the push. Entries of a missing project stay
 * due: they go as soon as it is there again.
 * @param waitMs the least that they wait
 * @throws whatever it is when it is not the labelling tool's; PushEnded
 */
export async function standBack(
  run: PushRun,
  entries: readonly OutboxEntry[],
  error: unknown,
  waitMs = 0,
): Promise<void> {
  if (!(error instanceof LabelingToolUnavailable || error instanceof LabelingToolRefused))
    throw error;
  const kind = entries[0]?.project;
  if (error instanceof LabelingToolRefused && blameFor(error) === 'project' && kind !== undefined) {
    run.missingProjects.add(kind);
    await run.store.postpone(idsOf(entries), run.clock.now(), error.message, run.fence);
    return;
  }
  const attempts = Math.max(0, ...entries.map((entry) => entry.attempts));
  const until = Math.max(notBefore(run, attempts, error), run.clock.now() + waitMs);
  await postpone(run, entries, until, error.message);
  throw new PushEnded(error);
}

/** Try again not before `until`, ms. */
export async function postpone(
  run: PushRun,
  entries: readonly OutboxEntry[],
  until: number,
  reason: string,
): Promise<void> {
  await run.store.postpone(idsOf(entries), until, reason, run.fence);
  run.count.postponed += entries.length;
}

/** The entry can never succeed as it is: dead until somebody redrives it. */
export async function bury(run: PushRun, entry: OutboxEntry, reason: string): Promise<void> {
  await run.store.bury([entry.id], reason, run.fence);
  run.count.buried += 1;
  const { kind, predictionId } = entry;
  run.log.error({ kind, predictionId, reason }, 'outbox entry is dead');
}

export const idsOf = (entries: readonly OutboxEntry[]): readonly number[] =>
  entries.map(({ id }) => id);

/** A task's data: nothing that gives the model's answer away, unless the hard projects are to show it. */
export function taskData(
  { imageUrl, isRevealed }: PushTasksSettings,
  project: ProjectKind,
  prediction: StoredPrediction,
): Readonly<Record<string, string | number>> {
  const blind = { image: imageUrl(prediction.id), prediction_id: prediction.id };
  if (!isRevealed || project === 'random') return blind;
  return {
    ...blind,
    predicted_class: prediction.predictedClass,
    confidence: Math.round(prediction.confidence * 1000) / 1000,
  };
}
