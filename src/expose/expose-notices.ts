import type { Notice } from '../domain/notice.ts';
import type { Meter } from '../ports/meter.ts';

/** How many notices the retraining service has not taken yet. */
export function exposeNotices(meter: Meter, notices: readonly Notice[]): void {
  const pending = notices.filter(({ state }) => state === 'pending');
  meter.set('truthloop_retrain_notices_pending', pending.length);
}
