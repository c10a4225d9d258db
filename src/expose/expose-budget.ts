import type { Meter } from '../ports/meter.ts';

/** How much of the day's budget is used, and how many tasks people have not answered. */
export function exposeBudget(
  meter: Meter,
  tasks: { readonly perDay: number; readonly usedToday: number; readonly open: number },
): void {
  meter.set('truthloop_label_budget_tasks', tasks.perDay);
  meter.set('truthloop_label_budget_used_tasks', tasks.usedToday);
  meter.set('truthloop_open_tasks', tasks.open);
}
