import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { RunStore } from '../ports/store/run-store.ts';

const LEASE = 'sync';
const LEASE_MS = 60_000;

export interface HeldLease {
  readonly fence: Fence;
  release(): Promise<void>;
}

/**
 * Takes the turn among sync processes and keeps it while the run lasts. Should a renewal fail, the fence refuses the next
 * write, so nothing that was decided without the turn is ever stored.
 * @returns null while another process has it
 */
export async function holdLease(options: {
  readonly runs: RunStore;
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<HeldLease | null> {
  const { runs, holder, clock, log } = options;
  const acquire = (): Promise<Fence | null> =>
    runs.acquireLease(LEASE, holder, clock.now(), LEASE_MS);
  const fence = await acquire();
  if (fence === null) return null;
  const heartbeat = setInterval(() => {
    acquire().catch((error: unknown) => {
      log.warn({ err: error }, 'sync lease could not be renewed');
    });
  }, LEASE_MS / 3);
  return {
    fence,
    async release() {
      clearInterval(heartbeat);
      await runs.releaseLease(fence);
    },
  };
}
