import { LeaseLost } from '../../domain/errors.ts';
import type { Fence } from '../../ports/store/fence.ts';
import type { Database } from './database.ts';

/** Runs within the transaction that it guards. @throws LeaseLost when the lease changed hands */
export function assertHeld(db: Database, fence: Fence): void {
  const lease = db.get<{ holder: string | null; token: number }>(
    'SELECT holder, token FROM leases WHERE lease = ?',
    fence.lease,
  );
  if (lease?.token === fence.token && lease.holder !== null) return;
  throw new LeaseLost(
    `Lease ${fence.lease} with token ${fence.token} is no longer held (now at ${lease?.token ?? 'none'}): another process took over, nothing was written`,
  );
}

/** A write that only the lease's holder may do. */
export const fenced = <Result>(db: Database, fence: Fence, work: () => Result): Promise<Result> =>
  db.write(() => {
    assertHeld(db, fence);
    return work();
  });
