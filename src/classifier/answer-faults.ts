import type { ErrorRequestHandler } from 'express';

import { Overloaded } from '../domain/errors.ts';
import { RateLimited } from '../http/limit-rate.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import { faultOf } from './faults.ts';

/** Counts what the model in service had no room for. */
export const countRefusals =
  (meter: Meter): ErrorRequestHandler =>
  (error: unknown, _request, _response, next) => {
    if (error instanceof Overloaded)
      meter.increment('truthloop_predict_rejected_total', { reason: error.reason });
    if (error instanceof RateLimited)
      meter.increment('truthloop_predict_rejected_total', { reason: 'rate_limit' });
    next(error);
  };

/** Turns whatever went wrong into one answer with a `detail`, never a stack. */
export function answerFaults(log: Log): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const fault = faultOf(error);
    if (fault.status === 500) log.error({ err: error }, 'request failed');
    if (fault.retryAfterSeconds !== null)
      response.set('Retry-After', String(fault.retryAfterSeconds));
    // What is left of a body that nobody reads would be taken for the next request.
    if (fault.status === 413) response.set('Connection', 'close');
    response.status(fault.status).json(fault.body);
  };
}
