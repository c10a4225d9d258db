import type { PredictionId } from '../../domain/ids.ts';
import type { ProjectKind, SelectionReason } from '../../domain/selection.ts';
import type { Fence } from './fence.ts';

/** Work to be done in the labelling tool. */
export interface OutboxEntry {
  readonly id: number;
  readonly kind: 'create_task' | 'ask_annotator' | 'renew_image' | 'delete_task';
  readonly predictionId: PredictionId;
  readonly project: ProjectKind;
  readonly reasons: readonly SelectionReason[];
  /** Sends begun; above 0 means the last one's outcome may be unknown: look up before sending again. */
  readonly attempts: number;
  readonly createdAt: number;
  readonly notBefore: number;
  readonly state: 'pending' | 'dead';
  /** Why the last attempt failed; null before any did. */
  readonly lastError: string | null;
  /** For delete_task (the prediction may be erased by then): the task, null where nobody heard whether it was made; else null. */
  readonly taskId: number | null;
}

export interface OutboxStore {
  /** Pending entries whose time has come, oldest first, of one kind. */
  dueEntries(
    kind: OutboxEntry['kind'],
    now: number,
    limit: number,
  ): Promise<readonly OutboxEntry[]>;
  /**
   * Notes durably, before anything is sent, that a send begins (attempts + 1). Should nothing more be noted of it, it is
   * tried again not before `notBefore`.
   */
  beginSend(entryIds: readonly number[], notBefore: number, fence: Fence): Promise<void>;
  /**
   * create_task done: the task is recorded in place of an earlier one, and the entry removed. When the prediction was
   * erased meanwhile, the deletion of the task goes into the outbox.
   */
  markCreated(
    created: readonly {
      readonly entryId: number;
      readonly predictionId: PredictionId;
      readonly project: ProjectKind;
      readonly projectId: number;
      readonly taskId: number;
      readonly pushedAt: number;
    }[],
    fence: Fence,
  ): Promise<void>;
  /** Any other kind done: the entry is removed. */
  markDone(entryIds: readonly number[], fence: Fence): Promise<void>;
  /** Try again not before `notBefore`. */
  postpone(
    entryIds: readonly number[],
    notBefore: number,
    lastError: string,
    fence: Fence,
  ): Promise<void>;
  /** Will never succeed as it is: dead, with its reason, until redriven. */
  bury(entryIds: readonly number[], lastError: string, fence: Fence): Promise<void>;
  /** Dead entries back to pending (all, or those given). @returns how many */
  redrive(entryIds: readonly number[] | null): Promise<number>;
  deadEntries(limit: number): Promise<readonly OutboxEntry[]>;
  outboxState(): Promise<{
    readonly pending: number;
    readonly dead: number;
    readonly oldestCreatedAt: number | null;
    /** The same three for each kind. */
    readonly byKind: Readonly<
      Record<
        OutboxEntry['kind'],
        {
          readonly pending: number;
          readonly dead: number;
          readonly oldestCreatedAt: number | null;
        }
      >
    >;
  }>;
  /** Adds work that is not a new selection (annotator, renewal, deletion, a task to be made again); one entry, pending or dead, per (kind, prediction, taskId). @returns how many were added */
  enqueue(
    entries: readonly Pick<
      OutboxEntry,
      'kind' | 'predictionId' | 'project' | 'reasons' | 'createdAt' | 'taskId'
    >[],
    fence: Fence,
  ): Promise<number>;
}
