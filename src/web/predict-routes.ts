import type { RequestHandler, Response, Router } from 'express';

import { NotFound } from '../domain/errors.ts';
import { type PredictionId, predictionId } from '../domain/ids.ts';
import type { StoredPrediction } from '../domain/prediction.ts';
import { limitRate } from '../http/limit-rate.ts';
import type { Classification, Classifier } from '../ports/classifier.ts';
import { segmentOf } from '../record/read-report.ts';
import { acceptUpload } from '../upload/accept-upload.ts';
import { jsonAnswer, redirectAnswer } from './answer-once.ts';
import { answerView, saidView, thanksFor } from './answer-view.ts';
import type { ClassifiedAnswer, UploadAnswer } from './api-schemas.ts';
import { sampleNamed, type SamplePicture, SAMPLES } from './sample-pictures.ts';
import { wantsPage } from './wants-page.ts';
import type { WebContext } from './web-context.ts';

/** The way of an upload: page, prediction, answer. */
export function addPredictRoutes(router: Router, context: WebContext): void {
  router.get('/', (_request, response) => {
    context.pages.send(response, 'upload', uploadPage(context, null));
  });
  const limit = limitRate({
    perMinute: context.settings.uploadsPerMinute,
    clock: context.clock,
  });
  router.post('/predict', limit, predict(context));
  router.get('/answers/:id', showAnswer(context));
  addSampleRoutes(router, context, limit);
}

/** Pictures to try: nothing is recorded of them, or they would count in the accuracy. */
function addSampleRoutes(router: Router, context: WebContext, limit: RequestHandler): void {
  const kept = new Map<string, Promise<{ readonly jpeg: Buffer }>>();
  const jpegOf = async (sample: SamplePicture): Promise<Buffer> => {
    const made = kept.get(sample.name) ?? context.normalise(sample.png());
    kept.set(sample.name, made);
    return (await made).jpeg;
  };
  router.get('/test', limit, async (_request, response) => {
    const classifier = classifierOf(context);
    response.json(answerJson(await classifier.classify(await jpegOf(SAMPLES[0]))));
  });
  router.get('/samples/:name', async (request, response) => {
    const jpeg = await jpegOf(sampleNamed(request.params.name));
    response.set('Cache-Control', 'public, max-age=86400').type('jpeg').send(jpeg);
  });
  router.post('/samples/:name', limit, async (request, response) => {
    const sample = sampleNamed(String(request.params['name']));
    const answer = await classifierOf(context).classify(await jpegOf(sample));
    context.pages.send(response, 'sample', {
      sample,
      answer: answerView(answer, context.settings.lowConfidenceThreshold(answer.modelVersion)),
    });
  });
}

/** What the upload page shows; `problem` says beside the field what was wrong with the last upload. */
export const uploadPage = ({ settings }: WebContext, problem: string | null): object => ({
  problem,
  samples: SAMPLES,
  uploadBytesMax: settings.uploadBytesMax,
  segments: settings.segments,
});

function classifierOf({ classifier }: WebContext): Classifier {
  if (classifier !== null) return classifier;
  throw new NotFound(
    'This deployment has no classifier: predictions are reported to POST /api/predictions.',
  );
}

/** The image is kept and the prediction recorded before anybody hears of the answer. */
function predict(context: WebContext): RequestHandler {
  return async (request, response) => {
    const classifier = classifierOf(context);
    const { shadow } = context;
    const { bytes, fields } = await context.receive.form(request, response);
    const segment = segmentOf(fields['segment'] ?? null, context.settings.segments);
    await context.answerOnce(request, response, {
      sent: () => [bytes ?? '', segment],
      about: null,
      answer: async (id) => {
        const now = context.clock.now();
        const image = await acceptUpload(bytes, id, now, context.normalise);
        const answer =
          (await shadow?.answer(id, image.jpeg)) ?? (await classifier.classify(image.jpeg));
        const occasion = { id, at: now, recordedAt: now, segment, externalId: null };
        const { outcome } = await context.record(answer, image, { ...occasion, source: 'web' });
        if (outcome === 'recorded')
          afterAnswer(response, () =>
            shadow?.askOther({ id, modelVersion: answer.modelVersion }, image.jpeg),
          );
        if (wantsPage(request)) return redirectAnswer(`/answers/${id}`);
        const image_url = context.imageLinks.urlFor(id, now);
        return jsonAnswer(200, { id, ...answerJson(answer), image_url } satisfies UploadAnswer);
      },
    });
  };
}

/** Once whoever waits has the answer, or has gone. */
function afterAnswer(response: Response, work: () => void): void {
  if (response.closed) work();
  else response.once('close', work);
}

const answerJson = (answer: Classification): ClassifiedAnswer => ({
  prediction: answer.predictedClass,
  probability: answer.confidence,
  probabilities: answer.probabilities,
  model_version: answer.modelVersion,
});

function showAnswer(context: WebContext): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const id = predictionId(request.params.id);
    const prediction = await knownPrediction(context, id);
    const said = saidView(await context.store.feedbackOf(id));
    response.set('X-Robots-Tag', 'noindex');
    context.pages.send(response, 'answer', {
      id,
      imagePath: context.imageLinks.pathFor(id, context.clock.now()),
      answer: answerView(
        prediction,
        context.settings.lowConfidenceThreshold(prediction.modelVersion),
      ),
      classes: context.settings.classes,
      said,
      thanks: thanksFor(request.query['thanks']),
    });
  };
}

/** @throws NotFound */
export async function knownPrediction(
  { store }: Pick<WebContext, 'store'>,
  id: PredictionId,
): Promise<StoredPrediction> {
  const prediction = await store.findPrediction(id);
  if (prediction === null)
    throw new NotFound(
      `There is no prediction ${id}: it was never recorded here, or has been deleted.`,
    );
  return prediction;
}
