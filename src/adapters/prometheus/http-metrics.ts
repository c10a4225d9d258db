import type { NextFunction, Request, RequestHandler, Response } from 'express';

import type { Meter } from '../../ports/meter.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Express middleware that counts and times every answered request by the pattern of the route that took it
 * (`none` where no route matched, so that a scanner can't make series). Put it first.
 */
export function httpMetrics(meter: Meter): RequestHandler {
  return (request: Request, response: Response, next: NextFunction): void => {
    const startedAt = process.hrtime.bigint();
    response.once('close', () => {
      const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
      recordAnswer(meter, request, response, seconds);
    });
    next();
  };
}

function recordAnswer(meter: Meter, request: Request, response: Response, seconds: number): void {
  const handler = handlerOf(request);
  const method = METHODS.has(request.method) ? request.method : 'OTHER';
  // Nothing was sent: the client went away first, which is no success of ours.
  const status = response.headersSent ? `${Math.floor(response.statusCode / 100)}xx` : '4xx';
  meter.increment('http_requests_total', { handler, method, status });
  meter.observe('http_request_duration_seconds', seconds, { handler, method });
  meter.observe('http_request_duration_highr_seconds', seconds);
  meter.observe('http_request_size_bytes', sizeOf(request.headers['content-length']), { handler });
  meter.observe('http_response_size_bytes', sizeOf(response.getHeader('content-length')), {
    handler,
  });
}

function handlerOf(request: Request): string {
  const route = request.route as { readonly path?: unknown } | undefined;
  if (typeof route?.path !== 'string') return 'none';
  const path = `${request.baseUrl}${route.path}`;
  return path.length > 1 ? path.replace(/\/$/, '') : path;
}

const sizeOf = (header: unknown): number => {
  const size = Number(header);
  return Number.isFinite(size) && size >= 0 ? size : 0;
};
