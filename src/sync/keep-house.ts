import type { ObjectKey } from '../domain/ids.ts';
import { windowLengthMs, type WindowName } from '../domain/window.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Store } from '../ports/store.ts';
import type { Fence } from '../ports/store/fence.ts';

const DAY_MS = 86_400_000;
/** An upload's image is written before its record; this long afterwards one without a record is an orphan. */
const ORPHAN_AGE_MS = 3_600_000;
const FORGET_AT_ONCE = 1000;
/** How long images are looked at in one go: there may be a million, and the rest of the sync waits meanwhile. */
const SWEEP_MS = 20_000;

interface ListedImage {
  readonly key: ObjectKey;
  readonly writtenAt: number;
}

interface Records {
  readonly store: Store;
  readonly objects: ObjectStore;
}

/**
 * Rolls old population counts up, forgets what nobody selected and nobody needs any more, sweeps images without a record.
 * No estimate changes by it. Safe to repeat and to cut short.
 * @returns keeps house once, and ends early when it is aborted
 */
export function createKeepHouse(
  deps: Records & { readonly clock: Clock; readonly log: Log },
  settings: { readonly windows: readonly WindowName[]; readonly retentionMs: number },
): (now: number, fence: Fence, signal: AbortSignal) => Promise<void> {
  const sweepOrphans = createSweep(deps);
  return async (now, fence, signal) => {
    await deps.store.rollUp(now - longestFiniteMs(settings.windows) - 2 * DAY_MS, fence);
    const forgotten = await forgetOld(deps, now - settings.retentionMs, signal);
    await deps.store.forgetAnswers(now - DAY_MS);
    const orphans = await sweepOrphans(now, signal);
    if (forgotten + orphans > 0) deps.log.info({ forgotten, orphans }, 'house kept');
  };
}

const longestFiniteMs = (windows: readonly WindowName[]): number =>
  Math.max(DAY_MS, ...windows.map((name) => windowLengthMs(name) ?? 0));

async function forgetOld(
  { store, objects }: Records,
  before: number,
  signal: AbortSignal,
): Promise<number> {
  let forgotten = 0;
  while (!signal.aborted) {
    const keys = await store.forgetUnselected(before, FORGET_AT_ONCE);
    await deleteImages(objects, keys, signal);
    forgotten += keys.length;
    if (keys.length < FORGET_AT_ONCE) break;
  }
  return forgotten;
}

/** Those that an early end leaves have no record any more: they are swept another time. */
async function deleteImages(
  objects: ObjectStore,
  keys: readonly ObjectKey[],
  signal: AbortSignal,
): Promise<void> {
  for (const key of keys) {
    if (signal.aborted) return;
    await objects.delete(key);
  }
}

/** @returns looks at images from where it stopped the last time; resolves with how many it deleted */
function createSweep({
  store,
  objects,
  clock,
}: Records & { readonly clock: Clock }): (now: number, signal: AbortSignal) => Promise<number> {
  const isOrphan = async (image: ListedImage, now: number): Promise<boolean> =>
    image.writtenAt <= now - ORPHAN_AGE_MS && !(await store.isObjectReferenced(image.key));
  let left: AsyncIterator<ListedImage> | null = null;
  return async (now, signal) => {
    const until = clock.now() + SWEEP_MS;
    const images = left ?? objects.list()[Symbol.asyncIterator]();
    // After the last one, or a fault, it begins anew.
    left = null;
    let swept = 0;
    while (!signal.aborted && clock.now() < until) {
      const next = await images.next();
      if (next.done === true) return swept;
      if (!(await isOrphan(next.value, now))) continue;
      await objects.delete(next.value.key);
      swept += 1;
    }
    left = images;
    return swept;
  };
}
