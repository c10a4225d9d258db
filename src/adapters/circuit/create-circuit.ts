import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  ConsecutiveBreaker,
  handleWhen,
} from 'cockatiel';

import type { AppError } from '../../domain/errors.ts';
import type { Meter } from '../../ports/meter.ts';

export interface CircuitOptions {
  /** The dependency's name in the metrics. */
  readonly dependency: string;
  /** Failures in a row that open the circuit. */
  readonly failuresMax: number;
  /** How long an open circuit lets nothing through, ms; then one call tries. */
  readonly openMs: number;
  /** Does the error speak against the dependency? Any other is the answer of one in good health. */
  readonly isFailure: (error: Error) => boolean;
  /** What is thrown while the circuit is open. */
  readonly notAsked: (cause: Error) => AppError;
}

/** Leaves a dependency in peace that failed several times in a row: callers hear so at once instead of waiting. */
export interface Circuit {
  /** @throws what the work throws; `notAsked` without doing it */
  execute<Value>(work: () => Promise<Value>): Promise<Value>;
  /** Keeps `truthloop_circuit_state` of the meter up to date. */
  showIn(meter: Meter): void;
}

const STATE_NAMES = {
  [CircuitState.Closed]: 'closed',
  [CircuitState.HalfOpen]: 'half_open',
  [CircuitState.Open]: 'open',
  [CircuitState.Isolated]: 'open',
} as const;

export function createCircuit(options: CircuitOptions): Circuit {
  const { dependency, failuresMax, openMs, isFailure, notAsked } = options;
  const breaker = circuitBreaker(handleWhen(isFailure), {
    halfOpenAfter: openMs,
    breaker: new ConsecutiveBreaker(failuresMax),
  });
  return {
    execute: (work) =>
      breaker.execute(work).catch((error: unknown) => {
        throw error instanceof BrokenCircuitError ? notAsked(error) : error;
      }),
    showIn(meter) {
      const show = (current: CircuitState): void => {
        for (const state of ['closed', 'half_open', 'open'])
          meter.set('truthloop_circuit_state', state === STATE_NAMES[current] ? 1 : 0, {
            dependency,
            state,
          });
      };
      breaker.onStateChange(show);
      show(breaker.state);
    },
  };
}
