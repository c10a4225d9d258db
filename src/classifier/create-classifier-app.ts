import express, { type Express, type RequestHandler } from 'express';
import helmet from 'helmet';

import { answerFaults, countRefusals } from './answer-faults.ts';
import type { ClassifierAppOptions } from './classifier-app-options.ts';
import { addDocsRoutes } from './docs-routes.ts';
import { RequestRefused } from './faults.ts';
import { measureModels } from './measure-models.ts';
import { addModelRoutes } from './model-routes.ts';
import { addPredictRoutes } from './predict-routes.ts';

/** The routes, for metrics that are there at 0 before the first request. */
export const CLASSIFIER_HANDLERS = [
  { handler: '/predict', method: 'POST' },
  { handler: '/canary/predict', method: 'POST' },
  { handler: '/shadow/predict', method: 'POST' },
  { handler: '/models', method: 'GET' },
  { handler: '/models/serving', method: 'PUT' },
  { handler: '/docs', method: 'GET' },
  { handler: '/openapi.json', method: 'GET' },
  { handler: '/livez', method: 'GET' },
  { handler: '/readyz', method: 'GET' },
  { handler: '/metrics', method: 'GET' },
] as const;

/** HTTP of the classifier role. */
export function createClassifierApp(options: ClassifierAppOptions): Express {
  const { models, meter, log } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', options.rateLimit?.trustProxy ?? 0);
  app.use(options.instrument, securityHeaders());
  addPredictRoutes(app, options);
  addModelRoutes(app, options);
  app.get('/livez', (_request, response) => void response.json({ status: 'ok' }));
  app.get('/readyz', (_request, response) => {
    const ready = options.isReady() && models.serving().inference.load().isReady;
    response.status(ready ? 200 : 503).json({ ready });
  });
  app.get('/metrics', async (_request, response) => {
    measureModels(meter, models);
    const { text, contentType } = await options.metrics();
    response.set('Content-Type', contentType).send(text);
  });
  addDocsRoutes(app, models);
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
  app.use('/predict', countRefusals(meter));
  app.use(answerFaults(log));
  return app;
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
