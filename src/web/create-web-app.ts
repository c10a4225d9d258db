import { bulkhead } from 'cockatiel';
import express, { type Express, Router } from 'express';

import { createFeedbackDesk } from '../record/give-feedback.ts';
import { createPolicyInForce } from '../record/policy-in-force.ts';
import { createRecorder } from '../record/record-prediction.ts';
import { createReporterKeys } from '../record/reporter-keys.ts';
import { addAccuracyRoutes } from './accuracy-routes.ts';
import { answerFaults, nothingHere } from './answer-faults.ts';
import { createAnswerOnce } from './answer-once.ts';
import { addApiRoutes } from './api-routes.ts';
import { addDatasetRoutes } from './dataset-routes.ts';
import { addFeedbackRoutes } from './feedback-routes.ts';
import { addHealthRoutes } from './health-routes.ts';
import { addImageRoutes } from './image-routes.ts';
import { addLabelRoutes } from './label-routes.ts';
import { addOpsRoutes } from './ops-routes.ts';
import { createOpsSession } from './ops-session.ts';
import { createPages } from './pages.ts';
import { addPredictRoutes } from './predict-routes.ts';
import { addPredictionRoutes } from './prediction-routes.ts';
import { createBodyReceiver } from './receive-body.ts';
import { addReportRoutes } from './report-routes.ts';
import { addReporterRoutes } from './reporter-routes.ts';
import { nameRequests } from './request-id.ts';
import { refuseForeignPages } from './same-origin.ts';
import { securityHeaders } from './security-headers.ts';
import { addWantedImageRoutes } from './wanted-image-routes.ts';
import type { WebContext } from './web-context.ts';
import type { WebOptions } from './web-options.ts';

/** The routes whose requests are counted from the start. */
export const WEB_HANDLERS = [
  { handler: '/', method: 'GET' },
  { handler: '/predict', method: 'POST' },
  { handler: '/answers/:id', method: 'GET' },
  { handler: '/flag/:id', method: 'POST' },
  { handler: '/correct-label/:id', method: 'POST' },
  { handler: '/confirm/:id', method: 'POST' },
  { handler: '/images/:id', method: 'GET' },
  { handler: '/api/predictions', method: 'POST' },
  { handler: '/api/predictions/:id/image', method: 'PUT' },
  { handler: '/api/images/wanted', method: 'GET' },
  { handler: '/api/accuracy', method: 'GET' },
  { handler: '/api/dataset', method: 'GET' },
  { handler: '/accuracy', method: 'GET' },
  { handler: '/ops', method: 'GET' },
  { handler: '/docs', method: 'GET' },
  { handler: '/openapi.json', method: 'GET' },
  { handler: '/livez', method: 'GET' },
  { handler: '/readyz', method: 'GET' },
  { handler: '/metrics', method: 'GET' },
] as const;

/**
 * HTTP of the web role: pages for people, JSON for programs, under the routes of docs/http.md.
 * @param options everything it is made of; nothing is started, listened to or closed here
 */
export function createWebApp(options: WebOptions): Express {
  const context = contextOf(options);
  const { settings } = options;
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('trust proxy', settings.trustProxyHops);
  app.use(options.instrument);
  app.use(nameRequests(options.random));
  app.use(securityHeaders(settings.publicUrl));
  app.use(refuseForeignPages(settings.publicUrl));
  app.use(routesOf(context));
  app.use(nothingHere);
  app.use(answerFaults(context));
  return app;
}

function routesOf(context: WebContext): Router {
  const router = Router({ caseSensitive: true, strict: false });
  addHealthRoutes(router, context);
  addPredictRoutes(router, context);
  addFeedbackRoutes(router, context);
  addImageRoutes(router, context);
  addReportRoutes(router, context);
  addReporterRoutes(router, context);
  addWantedImageRoutes(router, context);
  addPredictionRoutes(router, context);
  addDatasetRoutes(router, context);
  addAccuracyRoutes(router, context);
  addOpsRoutes(router, context);
  addLabelRoutes(router, context);
  addApiRoutes(router, context);
  router.get('/assets/:name', context.pages.assets.serve);
  return router;
}

/** Reports that have a fetched image in memory at the same time, until it is recorded: no body's room accounts for it. */
const FETCHED_AT_ONCE = 8;

function contextOf(options: WebOptions): WebContext {
  const { store, objects, clock, meter, settings } = options;
  // Who waits holds a body, or a line of one: what is received limits the queue.
  const fetching = bulkhead(FETCHED_AT_ONCE, Infinity);
  const policyInForce = createPolicyInForce(store, clock, options.firstPolicy);
  return {
    ...options,
    pages: createPages({ hasUpload: options.classifier !== null }),
    receive: createBodyReceiver(settings.uploadBytesMax),
    record: createRecorder({
      store,
      objects,
      policyInForce,
      meter,
      lowConfidenceThreshold: settings.lowConfidenceThreshold,
    }),
    reporterKeys: createReporterKeys(store, clock),
    inFetchTurn: (work) => fetching.execute(work),
    ops: createOpsSession(settings.opsKey, settings.publicUrl),
    answerOnce: createAnswerOnce(options),
    feedback: createFeedbackDesk({
      store,
      clock,
      meter,
      classes: settings.classes,
      flagHorizonMs: settings.flagHorizonMs,
    }),
  };
}
