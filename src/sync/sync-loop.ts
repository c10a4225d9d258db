import type { Log } from '../ports/log.ts';
import type { SyncRun } from '../ports/store/run-store.ts';
import type { DeletionsDecision } from '../pull/mend-missing.ts';

export type Trigger = SyncRun['trigger'];

/** What a run is to do beyond what is due. */
export interface Orders {
  /** Compare both sides now. */
  readonly reconcile: boolean;
  /** What an operator decided about labels whose tasks are gone in great numbers. */
  readonly decision: DeletionsDecision | null;
}
export const NO_ORDERS: Orders = { reconcile: false, decision: null };
export const hasOrders = ({ reconcile, decision }: Orders): boolean =>
  reconcile || decision !== null;

/** One run at a time; what is asked for meanwhile becomes the one run after it. */
export interface SyncLoop {
  /**
   * Asks for a run. A scheduled one is dropped while another is under way; any other is queued once behind it.
   * @returns the id of the run that will answer the request, or null when it was dropped
   */
  request(trigger: Trigger, orders?: Orders): string | null;
  /** Is this run waiting for its turn, or under way? */
  isComing(id: string): boolean;
  /** Resolves when nothing is under way or queued. */
  idle(): Promise<void>;
  /** Takes no more requests, drops the queued run, tells the current one to end, resolves when it has. */
  stop(): Promise<void>;
}

interface Requested {
  readonly id: string;
  readonly trigger: Trigger;
  readonly orders: Orders;
}

/**
 * @param options.execute one whole run; its failures are its own to record, a rejection is only logged. Aborted: what takes long
 * ends early
 * @param options.makeId a fresh run id
 */
export function createSyncLoop(options: {
  readonly execute: (
    id: string,
    trigger: Trigger,
    orders: Orders,
    signal: AbortSignal,
  ) => Promise<void>;
  readonly makeId: () => string;
  readonly log: Log;
}): SyncLoop {
  let current: Promise<void> | null = null;
  let currentId: string | null = null;
  let queued: Requested | null = null;
  const stopping = new AbortController();

  const begin = (requested: Requested): void => {
    currentId = requested.id;
    current = options
      .execute(requested.id, requested.trigger, requested.orders, stopping.signal)
      .catch((error: unknown) => {
        options.log.error({ err: error, runId: requested.id }, 'sync run broke');
      })
      .then(takeNext);
  };

  const takeNext = (): void => {
    current = null;
    currentId = null;
    const next = queued;
    queued = null;
    if (next !== null && !stopping.signal.aborted) begin(next);
  };

  const idle = async (): Promise<void> => {
    while (current !== null) await current;
  };

  return {
    request(trigger, orders = NO_ORDERS) {
      if (stopping.signal.aborted) return null;
      if (current === null) {
        const requested = { id: options.makeId(), trigger, orders };
        begin(requested);
        return requested.id;
      }
      if (trigger === 'schedule') return null;
      queued =
        queued === null
          ? { id: options.makeId(), trigger, orders }
          : { ...queued, orders: both(queued.orders, orders) };
      return queued.id;
    },
    isComing: (id) => id === currentId || id === queued?.id,
    idle,
    async stop() {
      stopping.abort();
      queued = null;
      await idle();
    },
  };
}

/** Of two decisions the later one holds. */
const both = (earlier: Orders, later: Orders): Orders => ({
  reconcile: earlier.reconcile || later.reconcile,
  decision: later.decision ?? earlier.decision,
});
