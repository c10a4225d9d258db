import { setTimeout } from 'node:timers/promises';

import {
  type AppError,
  LabelingToolRefused,
  LabelingToolUnavailable,
  LeaseLost,
} from '../domain/errors.ts';
import type { LabelChange } from '../domain/unit.ts';
import { measureJob, type SyncJob } from '../expose/measure-job.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { RunStore, SyncRun } from '../ports/store/run-store.ts';
import { DueEstimates } from './due-estimates.ts';
import { type HeldLease, holdLease } from './hold-lease.ts';
import { hasOrders, type Orders, type Trigger } from './sync-loop.ts';

const HOUR_MS = 3_600_000;
/** How long a run with orders waits for its turn while another process has it. */
const TURN_TRIES = 40;
const TURN_MS = 500;

/** The steps of a run, bound to their adapters by wire. Each is safe to repeat and to cut short. */
export interface SyncSteps {
  /** Policy and batch. @returns how many candidates were decided and how many of them became tasks */
  select(
    now: number,
    fence: Fence,
  ): Promise<{ readonly decided: number; readonly selected: number }>;
  /** Projects, webhooks, outbox. @returns tasks made */
  push(now: number, fence: Fence): Promise<number>;
  /** @returns one entry for each task whose annotations changed */
  pull(now: number, fence: Fence): Promise<readonly LabelChange[]>;
  /** Both sides compared as a whole, after what an operator decided. */
  reconcile(now: number, fence: Fence, decision: Orders['decision']): Promise<void>;
  /** Did a project turn out to be gone since both sides were compared? */
  hasLostProject(): boolean;
  /** Estimates, stored. @param changes labels that changed: only their windows; null: every window */
  estimate(now: number, fence: Fence, changes: readonly LabelChange[] | null): Promise<void>;
  /** Roll-up, retention, orphans; ends early once it is aborted. */
  keepHouse(now: number, fence: Fence, signal: AbortSignal): Promise<void>;
  /** Tells the retraining service what there is to tell; null where none is set. */
  readonly retrain: ((now: number, fence: Fence) => Promise<void>) | null;
  /** What the store has of estimates, backlog and budget, as gauges; reads only. */
  expose(now: number): Promise<void>;
}

export interface RunSyncOptions {
  readonly steps: SyncSteps;
  readonly runs: RunStore;
  /** Names this process among those that take turns. */
  readonly holder: string;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly log: Log;
}

/** What a run did so far. */
interface Tally {
  selected: number;
  pushed: number;
  pulled: number;
  readonly faults: string[];
}

/**
 * One whole run: select, push, pull, now and then reconcile and keep house, estimate. A step that fails is recorded and the
 * next one goes on; while the labelling tool is down its steps are passed over, and selection and estimates continue.
 * @returns executes a run under the given id, with what takes long ended early once it is aborted; rejects only when not even
 * the run's record could be written
 */
export function createRunSync(
  options: RunSyncOptions,
): (id: string, trigger: Trigger, orders: Orders, signal: AbortSignal) => Promise<void> {
  const { runs, clock, log } = options;
  const tool = watchTool(log);
  let reconciledAt = -Infinity;
  let houseKeptAt = -Infinity;
  const estimates = new DueEstimates();

  /** Runs a step; a fault is noted. @returns whether it succeeded */
  const attempt = async (
    tally: Tally,
    job: SyncJob,
    step: () => Promise<void>,
  ): Promise<boolean> => {
    try {
      await measureJob(options, job, step);
      return true;
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      tally.faults.push(`${job}: ${(error as Error).message}`);
      if (!tool.noted(error)) log.warn({ err: error, job }, 'sync step failed');
      return false;
    }
  };

  const talkToTool = async (
    tally: Tally,
    now: number,
    fence: Fence,
    orders: Orders,
  ): Promise<void> => {
    const { steps } = options;
    const isPushed = await attempt(tally, 'push', async () => {
      tally.pushed = await steps.push(now, fence);
    });
    if (!isPushed && tool.isDown()) {
      if (hasOrders(orders)) tally.faults.push('reconcile: Label Studio does not answer');
      return;
    }
    const isPulled = await attempt(tally, 'pull', async () => {
      const changes = await steps.pull(now, fence);
      tally.pulled = changes.length;
      estimates.noteChanges(changes);
    });
    // What was pulled before it failed is saved, and nobody knows here what it was.
    if (!isPulled) estimates.noteTraffic();
    if (isPushed && isPulled) tool.answered();
    const isDue = now - reconciledAt >= HOUR_MS || steps.hasLostProject() || orders.reconcile;
    if (tool.isDown() || !isDue) return;
    const isReconciled = await attempt(tally, 'reconcile', () =>
      steps.reconcile(now, fence, orders.decision),
    );
    if (!isReconciled) return;
    reconciledAt = now;
    estimates.noteMended();
  };

  const estimate = async (tally: Tally, isAsked: boolean, fence: Fence): Promise<void> => {
    const now = clock.now();
    const due = estimates.at(now, isAsked);
    if (due?.length === 0) return;
    const isDone = await attempt(tally, 'estimate', () => options.steps.estimate(now, fence, due));
    if (isDone) estimates.computed(due, now, clock.now() - now);
  };

  const work = async (
    tally: Tally,
    trigger: Trigger,
    fence: Fence,
    orders: Orders,
    signal: AbortSignal,
  ): Promise<void> => {
    const { steps } = options;
    const now = clock.now();
    const isSelected = await attempt(tally, 'select', async () => {
      const { decided, selected } = await steps.select(now, fence);
      tally.selected = selected;
      if (decided > 0) estimates.noteTraffic();
    });
    // The parts of a batch that were stored before it failed stay, and nobody knows here whether there are any.
    if (!isSelected) estimates.noteTraffic();
    await talkToTool(tally, now, fence, orders);
    await estimate(tally, trigger !== 'schedule', fence);
    if (now - houseKeptAt >= HOUR_MS) {
      const isKept = await attempt(tally, 'house', () => steps.keepHouse(now, fence, signal));
      if (isKept) houseKeptAt = now;
    }
    const { retrain } = steps;
    if (retrain !== null) await attempt(tally, 'retrain', () => retrain(clock.now(), fence));
    await steps.expose(clock.now());
  };

  /** Another process has the turn. What it did is shown here too: alerts believe the worst of all processes. */
  const skip = async (id: string, trigger: Trigger, orders: Orders): Promise<void> => {
    const now = clock.now();
    let error = hasOrders(orders) ? BUSY : null;
    await options.steps.expose(now).catch((fault: unknown) => {
      error ??= (fault as AppError).message;
    });
    await runs.saveRun(skippedRun(id, trigger, now, error));
  };

  return async (id, trigger, orders, signal) => {
    const lease = await takeTurn(options, orders);
    if (lease === null) {
      await skip(id, trigger, orders);
      return;
    }
    const startedAt = clock.now();
    const tally: Tally = { selected: 0, pushed: 0, pulled: 0, faults: [] };
    const record = (state: Pick<SyncRun, 'finishedAt' | 'result'>): Promise<void> =>
      runs.saveRun({ id, trigger, startedAt, ...state, ...outcomeOf(tally) });
    try {
      await record({ finishedAt: null, result: 'running' });
      await measureJob(options, 'run', async () => {
        await work(tally, trigger, lease.fence, orders, signal);
        if (tally.faults.length > 0) throw new RunIncomplete(tally.faults.join('; '));
      });
      await record({ finishedAt: clock.now(), result: 'success' });
    } catch (error) {
      if (!(error instanceof RunIncomplete)) tally.faults.push((error as AppError).message);
      await record({ finishedAt: clock.now(), result: 'failure' });
    } finally {
      await lease.release();
      const { faults, selected, pushed, pulled } = tally;
      log.info(
        { runId: id, trigger, selected, pushed, pulled, faults: faults.length },
        'sync run finished',
      );
    }
  };
}

const BUSY = 'another sync process had the turn all the time; ask again';

/** A run without orders leaves the work to whoever has the turn; one with orders waits for it. */
async function takeTurn(options: RunSyncOptions, orders: Orders): Promise<HeldLease | null> {
  let lease = await holdLease(options);
  for (let tries = 0; lease === null && hasOrders(orders) && tries < TURN_TRIES; tries += 1) {
    await setTimeout(TURN_MS);
    lease = await holdLease(options);
  }
  return lease;
}

/** Says that a run did not do all of its work; its parts have been logged. */
class RunIncomplete extends Error {}

const outcomeOf = ({
  selected,
  pushed,
  pulled,
  faults,
}: Tally): Pick<SyncRun, 'selected' | 'pushed' | 'pulled' | 'error'> => ({
  selected,
  pushed,
  pulled,
  error: faults.length === 0 ? null : faults.join('; '),
});

/** Nothing to do is no failure. */
const skippedRun = (id: string, trigger: Trigger, now: number, error: string | null): SyncRun => ({
  id,
  trigger,
  startedAt: now,
  finishedAt: now,
  result: error === null ? 'success' : 'failure',
  selected: 0,
  pushed: 0,
  pulled: 0,
  error,
});

interface ToolWatch {
  /** Is this the labelling tool being down? Warned of once; true when it need not be logged again. */
  noted(error: unknown): boolean;
  answered(): void;
  isDown(): boolean;
}

/** One warning when the labelling tool goes away, one line when it is back. */
function watchTool(log: Log): ToolWatch {
  let isDown = false;
  const answered = (): void => {
    if (isDown) log.info({}, 'Label Studio answers again');
    isDown = false;
  };
  return {
    isDown: () => isDown,
    answered,
    noted(error) {
      // Who refuses answers: a refusal that stays would end every run before its pull.
      if (error instanceof LabelingToolRefused) answered();
      if (!(error instanceof LabelingToolUnavailable)) return false;
      if (!isDown) {
        log.warn(
          { err: error },
          'Label Studio does not answer; tasks wait and labels come later, everything else goes on',
        );
      }
      isDown = true;
      return true;
    },
  };
}
