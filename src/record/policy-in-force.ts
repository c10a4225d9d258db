import type { Policy } from '../domain/selection.ts';
import type { Clock } from '../ports/clock.ts';
import type { SelectionStore } from '../ports/store/selection-store.ts';

/** A new policy comes at most once a minute; a few seconds' delay in following it changes no probability after the fact. */
const CACHE_MS = 2000;

/**
 * The policy in force, read at most every two seconds. Whatever it says is stored with the prediction, so a slightly
 * older one is as exact as the newest.
 * @param first the policy before the first one is made
 */
export function createPolicyInForce(
  store: Pick<SelectionStore, 'currentPolicy'>,
  clock: Clock,
  first: Policy,
): () => Promise<Policy> {
  let known: Policy = first;
  let readAt = -Infinity;
  return async () => {
    const now = clock.now();
    if (now < readAt || now - readAt >= CACHE_MS) {
      known = (await store.currentPolicy()) ?? first;
      readAt = now;
    }
    return known;
  };
}
