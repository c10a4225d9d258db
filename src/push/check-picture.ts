import { isOpen } from '../domain/annotation.ts';
import type { PredictionId } from '../domain/ids.ts';
import { PROJECT_KINDS } from '../domain/selection.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { OpenPicture } from '../ports/open-picture.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { RunStore } from '../ports/store/run-store.ts';
import type { SelectionStore } from '../ports/store/selection-store.ts';
import type { TaskStore } from '../ports/store/task-store.ts';

const HOUR_MS = 3_600_000;

export interface CheckPictureDeps {
  readonly store: Pick<TaskStore, 'allTasks'> &
    Pick<SelectionStore, 'labelFlow'> &
    Pick<RunStore, 'saveFinding'>;
  readonly openPicture: OpenPicture;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Opens the picture of an open task under the address that annotators' browsers use: hourly, and at every run while it
 * does not open. What changes is logged and kept.
 * @param imageUrl the signed address of a prediction's picture
 * @returns to be called at every run
 */
export function createCheckPicture(
  { store, openPicture, clock, log }: CheckPictureDeps,
  imageUrl: (id: PredictionId) => string,
): (fence: Fence) => Promise<void> {
  let checkedAt = -Infinity;
  let isWell = true;
  return async (fence) => {
    if (isWell && clock.now() - checkedAt < HOUR_MS) return;
    // Without it, every run of a service that waits for nothing would look through all tasks.
    if ((await store.labelFlow(clock.now())).openTasks === 0) return;
    const id = await anyOpenTask(store);
    if (id === null) return;
    const address = imageUrl(id);
    const problem = await openPicture(address);
    checkedAt = clock.now();
    const url = new URL(address).origin;
    if (problem !== null && isWell)
      log.warn({ url, problem }, 'pictures of tasks do not open under PUBLIC_URL');
    if (problem === null && !isWell) log.info({ url }, 'pictures of tasks open again');
    isWell = problem === null;
    const words = problem === null ? null : `PUBLIC_URL (${url}) shows no picture: ${problem}`;
    await store.saveFinding('picture_check', { at: checkedAt, url, problem: words }, fence);
  };
}

async function anyOpenTask(store: Pick<TaskStore, 'allTasks'>): Promise<PredictionId | null> {
  for (const kind of PROJECT_KINDS)
    for await (const page of store.allTasks(kind)) {
      const open = page.find(isOpen);
      if (open !== undefined) return open.predictionId;
    }
  return null;
}
