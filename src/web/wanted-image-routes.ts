import type { Request, RequestHandler, Response, Router } from 'express';

import { Conflict, RequestInvalid } from '../domain/errors.ts';
import { type PredictionId, predictionId } from '../domain/ids.ts';
import type { StoredPrediction } from '../domain/prediction.ts';
import { readExternalId } from '../domain/reporter.ts';
import { acceptUpload } from '../upload/accept-upload.ts';
import { imageRequest } from './api-schemas.ts';
import { knownPrediction } from './predict-routes.ts';
import { imageBytes } from './report-desk.ts';
import { reporterOf, requireReporter } from './report-routes.ts';
import type { WebContext } from './web-context.ts';

/** Entries of the outbox that are looked through; those that wait longest come first. */
const ENTRIES_MAX = 1000;

/** Predictions that were reported without an image: which of them are to be labelled, and where their images go. */
export function addWantedImageRoutes(router: Router, context: WebContext): void {
  router.get('/api/images/wanted', requireReporter(context), async (_request, response) => {
    const wanted = await wantedImages(context, reporterOf(response));
    response.json({
      wanted: wanted.map(({ id, externalId }) => ({
        id,
        external_id: externalId === null ? null : readExternalId(externalId).id,
      })),
    });
  });
  router.put('/api/predictions/:id/image', requireReporter(context), takeImage(context));
}

/** Selected, without an image, and this reporter's own; the deployment's own key sees all. */
async function wantedImages(
  context: WebContext,
  reporter: string | null,
): Promise<readonly StoredPrediction[]> {
  const entries = await context.store.dueEntries(
    'create_task',
    Number.MAX_SAFE_INTEGER,
    ENTRIES_MAX,
  );
  const wanted: StoredPrediction[] = [];
  for (const { predictionId: id } of entries) {
    const prediction = await context.store.findPrediction(id);
    if (prediction?.contentDigest !== '' || !isOf(prediction, reporter)) continue;
    if (!(await context.objects.has(prediction.objectKey))) wanted.push(prediction);
  }
  return wanted;
}

const isOf = ({ externalId }: StoredPrediction, reporter: string | null): boolean =>
  reporter === null || (externalId !== null && readExternalId(externalId).reporter === reporter);

function takeImage(context: WebContext): RequestHandler {
  return async (request, response) => {
    const id = predictionId(String(request.params['id']));
    const prediction = await knownPrediction(context, id);
    if (!isOf(prediction, reporterOf(response))) throw notWanted(id);
    if (prediction.contentDigest !== '')
      throw new Conflict(
        'This prediction came with its image, and a recorded image never changes.',
      );
    if (prediction.decision?.isSelected !== true)
      throw new Conflict(`${id} is not to be labelled: its image is not needed.`);
    if (await context.objects.has(prediction.objectKey)) {
      response.status(204).end();
      return;
    }
    const { jpeg } = await acceptUpload(
      await sentImage(context, request, response),
      id,
      prediction.recordedAt,
      context.normalise,
    );
    await context.objects.put(prediction.objectKey, jpeg);
    response.status(204).end();
  };
}

const notWanted = (id: PredictionId): Conflict =>
  new Conflict(`${id} was reported with another key.`);

async function sentImage(
  context: WebContext,
  request: Request,
  response: Response,
): Promise<Buffer> {
  if (request.is('image/*') !== false) return context.receive.image(request, response);
  const parsed = imageRequest.safeParse(await context.receive.json(request, response));
  if (parsed.success) return imageBytes(parsed.data.image);
  throw new RequestInvalid(
    'Send the image as image/jpeg, image/png or image/webp, or {"image": base64}.',
  );
}
