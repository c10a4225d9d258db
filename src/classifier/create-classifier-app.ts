import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';

import { type ClassifyingModel, createClassifyImage } from '../classify/classify-image.ts';
import { limitRate, type RateLimitOptions } from '../http/limit-rate.ts';
import type { Inference } from '../ports/inference.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import { answerFaults } from './answer-faults.ts';
import { docsRoutes } from './docs-routes.ts';
import type { DriftWatch } from './drift/drift-watch.ts';
import { RequestRefused } from './faults.ts';
import { atTheDoor, predict } from './predict-route.ts';
import { createImageReader } from './read-image.ts';

/** What the classifier says of its model. */
export interface ServedModel extends ClassifyingModel {
  readonly name: string;
  readonly sha256: string;
  /** Mean confidence on the held-out test, where it is known. */
  readonly confidenceReference?: number | undefined;
}

export interface ClassifierAppOptions {
  readonly model: ServedModel;
  readonly inference: Inference;
  readonly meter: Meter;
  readonly log: Log;
  /** The role's metrics in Prometheus' text format. */
  readonly metrics: () => Promise<{ readonly text: string; readonly contentType: string }>;
  /** Counts requests; set up by wire. */
  readonly instrument: RequestHandler;
  /** False while starting or draining. */
  readonly isReady: () => boolean;
  readonly uploadBytesMax: number;
  /** Requests to classify that one client may make in a minute, and proxies in front that name the client; none: no limit. */
  readonly rateLimit?: RateLimitOptions & { readonly trustProxy: number };
  /** Told of every answer, after it is sent. */
  readonly watch?: DriftWatch;
}

/** The routes, for metrics that are there at 0 before the first request. */
export const CLASSIFIER_HANDLERS = [
  { handler: '/predict', method: 'POST' },
  { handler: '/docs', method: 'GET' },
  { handler: '/openapi.json', method: 'GET' },
  { handler: '/livez', method: 'GET' },
  { handler: '/readyz', method: 'GET' },
  { handler: '/metrics', method: 'GET' },
] as const;

/** HTTP of the classifier role. */
export function createClassifierApp(options: ClassifierAppOptions): Express {
  const { inference, meter, model, log } = options;
  announce(meter, model);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', options.rateLimit?.trustProxy ?? 0);
  app.use(options.instrument, securityHeaders());
  app.post(
    '/predict',
    ...(options.rateLimit === undefined ? [] : [limitRate(options.rateLimit)]),
    atTheDoor(inference),
    predict(
      createImageReader(options.uploadBytesMax),
      createClassifyImage({ inference, model, meter }),
      options.watch ?? null,
    ),
  );
  app.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/readyz', (_request, response) => {
    const ready = options.isReady() && inference.load().isReady;
    response.status(ready ? 200 : 503).json({ ready });
  });
  app.get('/metrics', async (_request, response) => {
    measureLoad(meter, inference);
    const { text, contentType } = await options.metrics();
    response.set('Content-Type', contentType).send(text);
  });
  docsRoutes(app, options.model);
  app.all(
    CLASSIFIER_HANDLERS.map(({ handler }) => handler),
    (request, response) => {
      const allowed = CLASSIFIER_HANDLERS.filter(({ handler }) => handler === request.path);
      response.set('Allow', allowed.map(({ method }) => method).join(', '));
      throw new RequestRefused(405, `${request.method} is not taken here; /docs lists the routes.`);
    },
  );
  app.use(() => {
    throw new RequestRefused(404, 'There is nothing at this address; /docs lists the routes.');
  });
  app.use(answerFaults(meter, log));
  return app;
}

function announce(meter: Meter, model: ServedModel): void {
  meter.set('truthloop_model_info', 1, {
    model: model.name,
    model_version: model.version,
    sha8: model.sha256.slice(0, 8),
  });
  if (model.confidenceReference !== undefined)
    meter.set('truthloop_reference_confidence_ratio', model.confidenceReference);
}

function measureLoad(meter: Meter, inference: Inference): void {
  const { running, queued, queueLimit } = inference.load();
  meter.set('truthloop_predict_inflight', running);
  meter.set('truthloop_predict_queue_depth', queued);
  meter.set('truthloop_predict_queue_limit', queueLimit);
}

/** Answers are data and one page of our own: nothing else may be loaded, framed or guessed. */
const securityHeaders = (): RequestHandler =>
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'"],
        'style-src': ["'self'"],
        'img-src': ["'self'", 'data:', 'blob:'],
        'connect-src': ["'self'"],
        'base-uri': ["'none'"],
        'form-action': ["'self'"],
        'frame-ancestors': ["'none'"],
      },
    },
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xFrameOptions: { action: 'deny' },
  });
