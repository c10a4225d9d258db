import type { Router } from 'express';

import { predictionId } from '../domain/ids.ts';
import { erasePrediction } from '../record/erase-prediction.ts';
import { knownPrediction } from './predict-routes.ts';
import { predictionJson } from './prediction-json.ts';
import { requireKey } from './report-routes.ts';
import type { WebContext } from './web-context.ts';

/** One prediction as the records have it, and its deletion; both for whoever runs the service. */
export function addPredictionRoutes(router: Router, context: WebContext): void {
  const opsOnly = requireKey(context.settings.opsKey, 'OPS_KEY');
  router.get('/api/predictions/:id', opsOnly, async (request, response) => {
    const id = predictionId(String(request.params['id']));
    const [prediction, feedback, task] = await Promise.all([
      knownPrediction(context, id),
      context.store.feedbackOf(id),
      context.store.findTask(id),
    ]);
    const imageUrl = context.imageLinks.urlFor(id, context.clock.now());
    response.json(predictionJson({ prediction, feedback, task, imageUrl }));
  });
  router.delete('/api/predictions/:id', opsOnly, async (request, response) => {
    await erasePrediction(predictionId(String(request.params['id'])), context);
    response.status(204).end();
  });
}
