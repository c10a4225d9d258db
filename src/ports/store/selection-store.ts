import type { Batch, Candidate, Policy } from '../../domain/selection.ts';
import type { Fence } from './fence.ts';

export interface SelectionStore {
  /** The newest policy, or null before the first. */
  currentPolicy(): Promise<Policy | null>;
  savePolicy(policy: Policy, fence: Fence): Promise<void>;
  /** Arrivals by UTC hour of recordedAt and by pattern (index as in PATTERNS), hours in [from, to), oldest first; hours without any are left out. */
  arrivals(
    from: number,
    to: number,
  ): Promise<
    readonly {
      readonly hour: number;
      readonly byPattern: readonly [number, number, number, number];
    }[]
  >;
  /** Tasks selected on the UTC day that begins at `day` (by decidedAt). */
  selectedOnDay(day: number): Promise<number>;
  /** Verdicts reached (by the time of their newest answer) since `since`, and selected predictions that still wait for one, pushed or not: for the budget of a team that falls behind. */
  labelFlow(since: number): Promise<{ readonly labels: number; readonly openTasks: number }>;
  /** All predictions recorded before `before` and not decided, and all late disputes: the next batch. Others have their turn while many are read. */
  candidates(before: number): Promise<readonly Candidate[]>;
  /**
   * Stores the batch: decisions, population sums, and an outbox entry for each newly selected prediction, in one
   * transaction. A prediction disputed since it was read joins the next batch. A decision already made is never changed
   * but by a revision.
   * @param isDeduplicating a newly selected prediction whose content has a task already (or gets one in this batch) joins
   * that task: no entry, no place in the budget; the task's label is the label of each that shares it
   */
  commitBatch(batch: Batch, fence: Fence, isDeduplicating?: boolean): Promise<void>;
}
