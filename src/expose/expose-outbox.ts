import type { Meter } from '../ports/meter.ts';
import type { OutboxStore } from '../ports/store/outbox-store.ts';

type OutboxState = Awaited<ReturnType<OutboxStore['outboxState']>>;

/** Backlog of the outbox by kind. Lag is `time() - oldest`; with nothing pending there is no oldest. */
export function exposeOutbox(meter: Meter, state: OutboxState): void {
  meter.clear('truthloop_outbox_oldest_timestamp_seconds');
  for (const [kind, { pending, dead, oldestCreatedAt }] of Object.entries(state.byKind)) {
    meter.set('truthloop_outbox_pending', pending, { kind });
    meter.set('truthloop_outbox_dead', dead, { kind });
    if (oldestCreatedAt === null) continue;
    meter.set('truthloop_outbox_oldest_timestamp_seconds', oldestCreatedAt / 1000, { kind });
  }
}
