import { dayOf } from '../domain/window.ts';
import type { SelectionStore } from '../ports/store/selection-store.ts';
import { type ArrivalForecast, forecastArrivals } from '../select/forecast-arrivals.ts';
import { budgetOfDay } from '../select/policy.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS_READ = 7;

/** Where the UTC day stands: its traffic and its budget. */
export interface Today {
  readonly forecast: ArrivalForecast;
  /** Tasks of the whole day. */
  readonly budget: number;
  /** Tasks left of it, >= 0. */
  readonly budgetLeft: number;
}

/**
 * @param configured LABEL_BUDGET_PER_DAY
 * @param now ms since the epoch
 */
export async function readToday(
  store: Pick<SelectionStore, 'arrivals' | 'selectedOnDay' | 'labelFlow'>,
  configured: number,
  now: number,
): Promise<Today> {
  const today = dayOf(now);
  const arrivals = await store.arrivals(today - DAYS_READ * DAY_MS, now + HOUR_MS);
  const { labels, openTasks } = await store.labelFlow(now - DAY_MS);
  const budget = budgetOfDay({ configured, openTasks, labelsLastDay: labels });
  const selected = await store.selectedOnDay(today);
  return {
    forecast: forecastArrivals({ arrivals, now }),
    budget,
    budgetLeft: Math.max(0, budget - selected),
  };
}
