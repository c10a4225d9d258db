import express, { type Express, type RequestHandler } from 'express';

import { hasBearer } from '../http/bearer.ts';
import type { Meter } from '../ports/meter.ts';
import { addOpsRoutes, type OpsOptions, problem } from './ops-routes.ts';
import type { SyncLoop } from './sync-loop.ts';

/** A webhook of Label Studio carries a whole task; one with thousands of annotations is cut off here and polled instead. */
const WEBHOOK_BYTES_MAX = 1024 * 1024;

/** The routes, for metrics that are there at 0 before the first request. */
export const SYNC_HANDLERS = [
  { handler: '/webhooks/label-studio', method: 'POST' },
  { handler: '/runs', method: 'POST' },
  { handler: '/runs/:id', method: 'GET' },
  { handler: '/reconciliation', method: 'POST' },
  { handler: '/reconciliation', method: 'GET' },
  { handler: '/outbox/redrive', method: 'POST' },
  { handler: '/outbox/dead', method: 'GET' },
  { handler: '/livez', method: 'GET' },
  { handler: '/readyz', method: 'GET' },
  { handler: '/metrics', method: 'GET' },
] as const;

/**
 * HTTP of the sync role: webhooks that only bring the next pull forward, what operators ask, health and metrics.
 * @param options.metrics the role's metrics in Prometheus' text format
 * @param options.isReady false while starting or draining
 * @param options.instrument counts requests; set up by wire
 */
export function createSyncApp(options: {
  readonly loop: SyncLoop;
  readonly store: OpsOptions['store'];
  readonly meter: Meter;
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  readonly isReady: () => boolean;
  readonly instrument: RequestHandler;
  readonly webhookSecret: string;
  readonly opsKey: string;
}): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.use(options.instrument);
  app.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/readyz', (_request, response) => {
    response.status(options.isReady() ? 200 : 503).json({ ready: options.isReady() });
  });
  app.get('/metrics', async (_request, response) => {
    const { text, contentType } = await options.metrics();
    response.set('Content-Type', contentType).send(text);
  });
  app.post('/webhooks/label-studio', webhook(options));
  addOpsRoutes(app, options);
  app.use((_request, response) => {
    response.status(404).json(problem('NOT_FOUND', 'There is nothing at this address.'));
  });
  app.use(answerFault);
  return app;
}

/** A fault of the store or of a body parser, without its stack. */
const answerFault: express.ErrorRequestHandler = (error: unknown, _request, response, _next) => {
  const said = (error as { status?: unknown } | null)?.status;
  if (typeof said === 'number' && said >= 400 && said < 500) {
    response.status(said).json(problem('REQUEST_MALFORMED', 'The request is no well-formed JSON.'));
    return;
  }
  const isRetryable = (error as { retryable?: unknown }).retryable === true;
  const status = isRetryable ? 503 : 500;
  if (isRetryable) response.set('Retry-After', '1');
  response
    .status(status)
    .json(
      problem(
        isRetryable ? 'UNAVAILABLE' : 'INTERNAL',
        'The request could not be served; the log has the reason.',
      ),
    );
};

/** Never reads what the webhook says: the pull that it brings forward reads the truth. */
function webhook(options: {
  readonly loop: SyncLoop;
  readonly meter: Meter;
  readonly webhookSecret: string;
}): RequestHandler {
  const count = (result: string): void => {
    options.meter.increment('truthloop_webhooks_received_total', { result });
  };
  return (request, response) => {
    request.resume();
    if (!hasBearer(request.headers.authorization, options.webhookSecret)) {
      count('unauthorized');
      response.status(401).json(problem('UNAUTHORIZED', 'The webhook secret is missing or wrong.'));
      return;
    }
    if (Number(request.headers['content-length'] ?? 0) > WEBHOOK_BYTES_MAX) {
      count('invalid');
      options.loop.request('webhook');
      response
        .status(413)
        .json(problem('TOO_LARGE', 'The webhook is too large; the next pull reads it all.'));
      return;
    }
    count('accepted');
    options.loop.request('webhook');
    response.status(202).json({ status: 'noted' });
  };
}
