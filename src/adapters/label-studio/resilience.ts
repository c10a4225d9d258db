import { DelegateBackoff, handleWhen, type IRetryBackoffContext, retry } from 'cockatiel';

import { LabelingToolUnavailable } from '../../domain/errors.ts';
import type { Meter } from '../../ports/meter.ts';
import type { Random } from '../../ports/random.ts';
import { createCircuit } from '../circuit/create-circuit.ts';

/** How hard a failing Label Studio is tried. */
export interface ResilienceOptions {
  /** Repeats of a call that is safe to repeat. */
  readonly retriesMax: number;
  /** The first wait is uniform in [0, this); each further one doubles. */
  readonly backoffMs: number;
  /** No wait within a call is longer; a longer Retry-After ends the call. */
  readonly backoffMsMax: number;
  /** Failures in a row that open the circuit. */
  readonly failuresMax: number;
  /** How long an open circuit lets nothing through. */
  readonly openMs: number;
}

export const RESILIENCE_DEFAULTS: ResilienceOptions = {
  retriesMax: 3,
  backoffMs: 250,
  backoffMsMax: 5000,
  failuresMax: 6,
  openMs: 10_000,
};

export interface Resilience {
  /**
   * Does the work behind the circuit breaker.
   * @param isSafe repeating it changes nothing: it may be tried again
   */
  execute<Value>(isSafe: boolean, work: () => Promise<Value>): Promise<Value>;
}

/** Retries may add at most a tenth to the traffic, so that they never keep a weak server down. */
const RETRY_SHARE = 0.1;
const RETRIES_SAVED_MAX = 10;

/**
 * Retries with full jitter, `Retry-After` obeyed, within a retry budget; all behind one circuit breaker.
 */
export function createResilience(
  options: ResilienceOptions,
  { meter, random }: { readonly meter: Meter; readonly random: Random },
): Resilience {
  const circuit = createCircuit({
    ...options,
    dependency: 'label_studio',
    isFailure: (error) => error instanceof LabelingToolUnavailable,
    notAsked: (cause) => new CircuitOpen(NOT_ASKED, { cause }),
  });
  circuit.showIn(meter);
  let saved = RETRIES_SAVED_MAX;
  const retries = retry(
    handleWhen((error) => saved >= 1 && isWorthRepeating(error, options)),
    {
      maxAttempts: options.retriesMax,
      backoff: new DelegateBackoff((context: IRetryBackoffContext<unknown>) =>
        waitMs(context, options, random),
      ),
    },
  );
  retries.onRetry(() => {
    saved -= 1;
  });
  return {
    execute: (isSafe, work) => {
      saved = Math.min(RETRIES_SAVED_MAX, saved + RETRY_SHARE);
      return isSafe ? retries.execute(() => circuit.execute(work)) : circuit.execute(work);
    },
  };
}

/** Raised without asking: nothing to repeat. */
class CircuitOpen extends LabelingToolUnavailable {}

const NOT_ASKED =
  'Label Studio was not asked: its last calls all failed. It is asked again by itself in a few seconds.';

function isWorthRepeating(error: Error, { backoffMsMax }: ResilienceOptions): boolean {
  if (!(error instanceof LabelingToolUnavailable) || error instanceof CircuitOpen) return false;
  return (error.retryAfterSeconds ?? 0) * 1000 <= backoffMsMax;
}

function waitMs(
  { attempt, result }: IRetryBackoffContext<unknown>,
  { backoffMs, backoffMsMax }: ResilienceOptions,
  random: Random,
): number {
  const jittered = random.uniform() * Math.min(backoffMsMax, backoffMs * 2 ** (attempt - 1));
  const error = 'error' in result ? result.error : null;
  const asked = error instanceof LabelingToolUnavailable ? (error.retryAfterSeconds ?? 0) : 0;
  return Math.max(asked * 1000, jittered);
}
