import { windowLengthMs, type WindowName } from '../domain/window.ts';
import type { Log } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import type { Store } from '../ports/store.ts';
import type { Fence } from '../ports/store/fence.ts';

const DAY_MS = 86_400_000;
/** An upload's image is written before its record; this long afterwards one without a record is an orphan. */
const ORPHAN_AGE_MS = 3_600_000;
const FORGET_AT_ONCE = 1000;

/**
 * Rolls old population counts up, forgets what nobody selected and nobody needs any more, sweeps images without a record.
 * No estimate changes by it. Safe to repeat and to cut short.
 */
export async function keepHouse(
  deps: { readonly store: Store; readonly objects: ObjectStore; readonly log: Log },
  settings: { readonly windows: readonly WindowName[]; readonly retentionMs: number },
  now: number,
  fence: Fence,
): Promise<void> {
  await deps.store.rollUp(now - longestFiniteMs(settings.windows) - 2 * DAY_MS, fence);
  const forgotten = await forgetOld(deps, now - settings.retentionMs);
  await deps.store.forgetAnswers(now - DAY_MS);
  const orphans = await sweepOrphans(deps, now);
  if (forgotten + orphans > 0) deps.log.info({ forgotten, orphans }, 'house kept');
}

const longestFiniteMs = (windows: readonly WindowName[]): number =>
  Math.max(DAY_MS, ...windows.map((name) => windowLengthMs(name) ?? 0));

async function forgetOld(
  { store, objects }: { readonly store: Store; readonly objects: ObjectStore },
  before: number,
): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const keys = await store.forgetUnselected(before, FORGET_AT_ONCE);
    for (const key of keys) await objects.delete(key);
    forgotten += keys.length;
    if (keys.length < FORGET_AT_ONCE) return forgotten;
  }
}

async function sweepOrphans(
  { store, objects }: { readonly store: Store; readonly objects: ObjectStore },
  now: number,
): Promise<number> {
  let swept = 0;
  for await (const { key, writtenAt } of objects.list()) {
    if (writtenAt > now - ORPHAN_AGE_MS || (await store.isObjectReferenced(key))) continue;
    await objects.delete(key);
    swept += 1;
  }
  return swept;
}
