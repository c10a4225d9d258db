import { Overloaded } from '../domain/errors.ts';
import type { Inference } from '../ports/inference.ts';

/** Images that nobody waits for may wait themselves, but not many: they are taken while little is to be done. */
const WAITING_MAX = 2;

/**
 * Is there room for an answer that nobody waits for? Only where no answer that somebody waits for has to wait for it.
 * @param wanted runs the model that is asked
 * @param serving runs the model that answers people
 * @throws Overloaded when there is none, ClassifierUnavailable when no worker is left
 */
export function assertSpareRoom(wanted: Inference, serving: Inference): void {
  const { idle, queued } = wanted.load();
  const waitingMax = wanted === serving ? 0 : WAITING_MAX;
  if (serving.load().queued > 0 || (idle === 0 && queued >= waitingMax))
    throw new Overloaded('queue_full', 'Answers that somebody waits for come first.', 1);
  wanted.assertRoom();
}
