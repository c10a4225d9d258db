import type { Express, Request, RequestHandler, Response } from 'express';

import { limitRate } from '../http/limit-rate.ts';
import type { ClassifierAppOptions } from './classifier-app-options.ts';
import { RequestRefused } from './faults.ts';
import type { Models, RunningModel } from './models.ts';
import { createImageReader, type ReadImage } from './read-image.ts';
import { type PredictAnswer, shadowQuery } from './schemas.ts';
import { assertSpareRoom } from './spare-room.ts';

/** Which model is to answer a request. @throws RequestRefused, and Overloaded or ClassifierUnavailable when there is no room */
type ChooseModel = (request: Request) => RunningModel;

/** The three ways to be classified: by the model in service, by the other one, and by either when nobody waits for it. */
export function addPredictRoutes(
  app: Express,
  {
    models,
    uploadBytesMax,
    rateLimit,
  }: Pick<ClassifierAppOptions, 'models' | 'uploadBytesMax' | 'rateLimit'>,
): void {
  const ways: Readonly<Record<string, ChooseModel>> = {
    '/predict': () => withRoom(models.serving()),
    '/canary/predict': () => withRoom(shadowOf(models)),
    '/shadow/predict': (request) => otherModel(models, request),
  };
  for (const [path, choose] of Object.entries(ways))
    app.post(
      path,
      ...(rateLimit === undefined ? [] : [limitRate(rateLimit)]),
      atTheDoor(choose),
      // A reader each, with room for bodies of its own: what the shadow is sent takes none from an answer.
      predict(createImageReader(uploadBytesMax), choose),
    );
}

/** Refuses while the body is still on its way: a full queue must not cost the reading of what it can't take. */
const atTheDoor =
  (choose: ChooseModel): RequestHandler =>
  (request, _response, next) => {
    choose(request);
    next();
  };

/** The model is chosen anew once the image is there: roles may have changed meanwhile. */
const predict =
  (readImage: ReadImage, choose: ChooseModel): RequestHandler =>
  async (request: Request, response: Response) => {
    const image = await readImage(request, response);
    const { classifyImage, watch } = choose(request);
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

function withRoom(running: RunningModel): RunningModel {
  running.inference.assertRoom();
  return running;
}

function shadowOf(models: Models): RunningModel {
  const shadow = models.shadow();
  if (shadow === null)
    throw new RequestRefused(404, 'There is no shadow model here: SHADOW_MODEL_DIR is not set.');
  return shadow;
}

/** The model that did not answer: `served_by` names the one that did, in service or not. */
function otherModel(models: Models, request: Request): RunningModel {
  const [serving, shadow] = [models.serving(), shadowOf(models)];
  const servedBy = readQuery(request).served_by ?? serving.model.version;
  const answered = [serving, shadow].find(({ model }) => model.version === servedBy);
  if (answered === undefined)
    throw badQuery(
      `served_by: no model here has this version, expected ${serving.model.version} or ${shadow.model.version}.`,
    );
  const other = answered === serving ? shadow : serving;
  assertSpareRoom(other.inference, serving.inference);
  return other;
}

function readQuery({ query }: Request): { readonly served_by?: string | undefined } {
  const parsed = shadowQuery.safeParse(query);
  if (parsed.success) return parsed.data;
  throw badQuery('served_by: expected the version of the model that answered, once.');
}

const badQuery = (message: string): RequestRefused =>
  new RequestRefused(422, message, { type: 'value_error', loc: ['query', 'served_by'] });

/** Aborted when the client goes away before it has its answer. */
function signalOf(response: Response): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}
