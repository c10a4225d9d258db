import type { RequestHandler, Router } from 'express';

import { Forbidden, NotFound } from '../domain/errors.ts';
import { predictionId } from '../domain/ids.ts';
import { knownPrediction } from './predict-routes.ts';
import type { WebContext } from './web-context.ts';

const CACHE_SECONDS_MAX = 86_400;

/** Pictures behind signed links: for the pages here, and for the labelling tool's. */
export function addImageRoutes(router: Router, context: WebContext): void {
  const allowOrigin = allowOrigins(context.settings.labelStudioOrigins);
  router.options('/images/:id', allowOrigin, (_request, response) => {
    response.set({ 'Access-Control-Allow-Methods': 'GET', 'Access-Control-Max-Age': '86400' });
    response.status(204).end();
  });
  router.get('/images/:id', allowOrigin, sendImage(context));
  router.get('/examples/:name', sendExample(context));
}

/** The labelling page reads pictures with fetch, from its own origin, and with no credentials. */
function allowOrigins(origins: readonly string[]): RequestHandler<{ id: string }> {
  return (request, response, next) => {
    response.vary('Origin');
    const { origin } = request.headers;
    if (origin !== undefined && origins.includes(origin))
      response.set('Access-Control-Allow-Origin', origin);
    next();
  };
}

function sendImage(context: WebContext): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const id = predictionId(request.params.id);
    const left = context.imageLinks.secondsLeft(request.path, request.query, context.clock.now());
    if (left === null)
      throw new Forbidden('This link to a picture was altered or has expired. Ask for a new one.');
    const { objectKey } = await knownPrediction(context, id);
    const bytes = await context.objects.get(objectKey);
    if (bytes === null) throw new NotFound('This picture has been deleted.');
    response
      .set({
        'Content-Type': 'image/jpeg',
        'Content-Disposition': `inline; filename="${id}.jpg"`,
        'Content-Security-Policy': "default-src 'none'; sandbox",
        'Cross-Origin-Resource-Policy': 'cross-origin',
        'Cache-Control': `private, max-age=${Math.min(left, CACHE_SECONDS_MAX)}, immutable`,
      })
      .send(bytes);
  };
}

/** Annotators' instructions show these from another origin, for as long as the project lives. */
function sendExample({ examples }: WebContext): RequestHandler<{ name: string }> {
  const byPath = new Map(examples.map(({ path, jpeg }) => [path, Buffer.from(jpeg)]));
  return (request, response) => {
    const jpeg = byPath.get(request.path);
    if (jpeg === undefined) throw new NotFound('There is no such example picture.');
    response
      .set({
        'Content-Type': 'image/jpeg',
        'Cross-Origin-Resource-Policy': 'cross-origin',
        'Cache-Control': 'public, max-age=31536000, immutable',
      })
      .send(jpeg);
  };
}
