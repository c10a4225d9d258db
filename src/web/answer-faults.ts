import type { ErrorRequestHandler, Request, Response } from 'express';

import { NotFound, UploadRejected } from '../domain/errors.ts';
import { RateLimited } from '../http/limit-rate.ts';
import { type Fault, faultOf } from './errors.ts';
import { uploadPage } from './predict-routes.ts';
import { requestIdOf } from './request-id.ts';
import { wantsPage } from './wants-page.ts';
import type { WebContext } from './web-context.ts';

/** Turns whatever went wrong into one answer: a page for people, JSON for programs, never a stack. */
export function answerFaults(context: WebContext): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const fault = faultOf(error);
    note(context, error, fault, requestIdOf(response));
    response.status(fault.status).set('Cache-Control', 'no-store');
    if (fault.retryAfterSeconds !== null)
      response.set('Retry-After', String(fault.retryAfterSeconds));
    if (fault.status === 401) response.set('WWW-Authenticate', 'Bearer');
    // What is left of a body that nobody reads would be taken for the next request.
    if (fault.status === 413) response.set('Connection', 'close');
    if (isPageRequest(request)) sendFaultPage(context, request, response, fault);
    else
      response.json({
        error: { code: fault.code, message: fault.message, requestId: requestIdOf(response) },
      });
  };
}

const isPageRequest = (request: Request): boolean =>
  !request.path.startsWith('/api/') && wantsPage(request);

function note({ log, meter }: WebContext, error: unknown, fault: Fault, requestId: string): void {
  if (error instanceof UploadRejected)
    meter.increment('truthloop_upload_rejected_total', { reason: error.reason });
  if (error instanceof RateLimited)
    meter.increment('truthloop_upload_rejected_total', { reason: 'quota' });
  if (fault.isOurs) log.error({ requestId, err: error }, 'request failed');
  else if (fault.status === 503) log.warn({ requestId, err: error }, 'request put off');
  else log.debug({ requestId, code: fault.code }, 'request refused');
}

/** What is wrong with an upload is said beside the field; everything else has a page of its own. */
function sendFaultPage(
  context: WebContext,
  request: Request,
  response: Response,
  fault: Fault,
): void {
  const isUpload = request.method === 'POST' && request.path === '/predict';
  if (isUpload && context.classifier !== null && !fault.isOurs)
    context.pages.send(response, 'upload', uploadPage(context, fault.message));
  else
    context.pages.send(response, 'fault', {
      fault,
      requestId: requestIdOf(response),
      next: request.path,
    });
}

/** @throws NotFound for every path that no route took */
export const nothingHere = (): never => {
  throw new NotFound('There is nothing at this address.');
};
