import type { Batch } from '../domain/selection.ts';
import type { Meter } from '../ports/meter.ts';

/** Counts a batch's new selections by reason; call it once the batch is stored. */
export function exposeSelection(meter: Meter, batch: Pick<Batch, 'decisions'>): void {
  for (const { isNewlySelected, reasons } of batch.decisions) {
    if (!isNewlySelected) continue;
    for (const reason of reasons) meter.increment('truthloop_tasks_selected_total', { reason });
  }
}

/** How much of the day's budget is used, and how many tasks people have not answered. */
export function exposeBudget(
  meter: Meter,
  tasks: { readonly perDay: number; readonly usedToday: number; readonly open: number },
): void {
  meter.set('truthloop_label_budget_tasks', tasks.perDay);
  meter.set('truthloop_label_budget_used_tasks', tasks.usedToday);
  meter.set('truthloop_open_tasks', tasks.open);
}
