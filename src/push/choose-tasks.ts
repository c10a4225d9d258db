import type { PredictionId } from '../domain/ids.ts';
import type { Batch } from '../domain/selection.ts';
import type { Meter } from '../ports/meter.ts';
import type { Random } from '../ports/random.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { SelectionStore } from '../ports/store/selection-store.ts';
import { floorRate } from '../select/policy.ts';
import { selectBatch } from '../select/select-batch.ts';
import { splitBatch } from '../select/split-batch.ts';
import { readToday } from './today.ts';

export interface ChooseTasksDeps {
  readonly store: Pick<
    SelectionStore,
    'candidates' | 'commitBatch' | 'arrivals' | 'selectedOnDay' | 'labelFlow'
  >;
  readonly random: Pick<Random, 'id'>;
  readonly meter: Meter;
}

export interface ChooseTasksSettings {
  /** Predictions rest this long, so that a flag given at once still counts (PUSH_DELAY_SECONDS). */
  readonly pushDelayMs: number;
  readonly budgetPerDay: number;
  /** A selected prediction whose content has a task already joins that task (DEDUPLICATE). */
  readonly isDeduplicating: boolean;
  /** The permanent random number of a prediction, in [0, 1). */
  readonly numberOf: (id: PredictionId) => number;
}

/**
 * Decides on everything that waits for a decision: which predictions become tasks, and with which probabilities. It is one
 * decision however many wait; transaction after transaction stores a part of it, its sums and its outbox entries.
 * @param now ms since the epoch
 */
export async function chooseTasks(
  { store, random, meter }: ChooseTasksDeps,
  settings: ChooseTasksSettings,
  now: number,
  fence: Fence,
): Promise<{ readonly decided: number; readonly selected: number }> {
  const candidates = await store.candidates(now - settings.pushDelayMs);
  if (candidates.length === 0) return { decided: 0, selected: 0 };
  const { forecast, budget, budgetLeft } = await readToday(store, settings.budgetPerDay, now);
  const batch = selectBatch({
    id: random.id(),
    decidedAt: now,
    candidates,
    budgetLeft,
    floor: floorRate(budget, forecast),
    numberOf: settings.numberOf,
  });
  let selected = 0;
  for (const part of splitBatch(batch)) {
    await store.commitBatch(part, fence, settings.isDeduplicating);
    selected += countSelected(meter, part);
  }
  return { decided: batch.decisions.length, selected };
}

function countSelected(meter: Meter, { decisions }: Batch): number {
  const chosen = decisions.filter(({ isNewlySelected }) => isNewlySelected);
  for (const reason of chosen.flatMap(({ reasons }) => reasons))
    meter.increment('truthloop_tasks_selected_total', { reason });
  return chosen.length;
}
