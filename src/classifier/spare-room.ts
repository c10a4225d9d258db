import { Overloaded } from '../domain/errors.ts';
import type { Inference } from '../ports/inference.ts';

/** Images that nobody waits for may wait themselves, but not many: they are taken while little is to be done. */
const WAITING_MAX = 2;

/**
 * Is there room for an answer that nobody waits for? Only while nothing waits that somebody waits for, and no more than half
 * of its workers are busy: the processors are shared.
 * @param wanted runs the model that is asked
 * @param serving runs the model that answers people
 * @throws Overloaded when there is none, ClassifierUnavailable when no worker is left
 */
export function assertSpareRoom(wanted: Inference, serving: Inference): void {
  const { idle, queued } = wanted.load();
  const waitingMax = wanted === serving ? 0 : WAITING_MAX;
  const busy = serving.load();
  if (busy.queued > 0 || busy.running > busy.idle || (idle === 0 && queued >= waitingMax))
    throw new Overloaded('queue_full', 'Answers that somebody waits for come first.', 1);
  wanted.assertRoom();
}
