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
    const matched = watchRoute(request);
    response.once('close', () => {
      const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
      recordAnswer(meter, { request, response, handler: matched(), seconds });
    });
    next();
  };
}

/**
 * Express forgets under which path a router was mounted once a handler fails (`baseUrl` is put back before the error
 * handlers run), so the pattern is noted when the route is matched.
 * @returns the pattern of the route matched last, or 'none'
 */
function watchRoute(request: Request): () => string {
  let route: unknown = request.route;
  let handler = 'none';
  Object.defineProperty(request, 'route', {
    configurable: true,
    enumerable: true,
    get: () => route,
    set: (matched: unknown) => {
      route = matched;
      handler = patternOf(request.baseUrl, matched);
    },
  });
  return () => handler;
}

function patternOf(baseUrl: string, route: unknown): string {
  const path = (route as { readonly path?: unknown } | undefined)?.path;
  if (typeof path !== 'string') return 'none';
  const pattern = `${baseUrl}${path}`;
  return pattern.length > 1 ? pattern.replace(/\/$/, '') : pattern;
}

interface Answer {
  readonly request: Request;
  readonly response: Response;
  readonly handler: string;
  readonly seconds: number;
}

function recordAnswer(meter: Meter, { request, response, handler, seconds }: Answer): void {
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

const sizeOf = (header: unknown): number => {
  const size = Number(header);
  return Number.isFinite(size) && size >= 0 ? size : 0;
};
