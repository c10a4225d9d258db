import type { Request, RequestHandler, Response } from 'express';

import type { ClassifyImage } from '../classify/classify-image.ts';
import type { Inference } from '../ports/inference.ts';
import type { DriftWatch } from './drift/drift-watch.ts';
import type { ReadImage } from './read-image.ts';
import type { PredictAnswer } from './schemas.ts';

/** Refuses while the body is still on its way: a full queue must not cost the reading of what it can't take. */
export const atTheDoor =
  (inference: Inference): RequestHandler =>
  (_request, _response, next) => {
    inference.assertRoom();
    next();
  };

/** `POST /predict`. */
export const predict =
  (readImage: ReadImage, classifyImage: ClassifyImage, watch: DriftWatch | null): RequestHandler =>
  async (request: Request, response: Response) => {
    const image = await readImage(request, response);
    const classified = await classifyImage(image, signalOf(response));
    const { classification } = classified;
    const answer: PredictAnswer = {
      prediction: classification.predictedClass,
      probability: classification.confidence,
      probabilities: { ...classification.probabilities },
      model_version: classification.modelVersion,
    };
    response.json(answer);
    watch?.observe(classified);
  };

/** Aborted when the client goes away before it has its answer. */
function signalOf(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
