import express, { type Request, type RequestHandler, type Response, type Router } from 'express';

import type { FeedbackKind } from '../domain/feedback.ts';
import { predictionId } from '../domain/ids.ts';
import { wantsPage, type WebContext } from './web-context.ts';

const FEEDBACK_BYTES_MAX = 10_000;
const ROUTES: readonly (readonly [path: string, kind: FeedbackKind])[] = [
  ['/flag/:id', 'flag'],
  ['/correct-label/:id', 'correction'],
  ['/confirm/:id', 'confirmation'],
];

/** "This is wrong", "it is really ...", "this is right", and taking each back: with JSON, or with a plain form. */
export function addFeedbackRoutes(router: Router, context: WebContext): void {
  const readBody = [
    express.urlencoded({ extended: false, limit: FEEDBACK_BYTES_MAX, parameterLimit: 10 }),
    express.json({ limit: FEEDBACK_BYTES_MAX }),
  ];
  for (const [path, kind] of ROUTES) {
    router.post(path, ...readBody, give(context, kind));
    router.delete(path, revoke(context, kind));
    router.post(`${path}/undo`, revoke(context, kind));
  }
}

type OfPrediction = RequestHandler<{ id: string }>;

function give({ feedback }: WebContext, kind: FeedbackKind): OfPrediction {
  return async (request, response) => {
    const id = predictionId(request.params.id);
    const { counted } = await feedback.give(id, kind, suggestedClass(request));
    answer(request, response, { id, kind: counted }, counted);
  };
}

function revoke({ feedback }: WebContext, kind: FeedbackKind): OfPrediction {
  return async (request, response) => {
    const id = predictionId(request.params.id);
    const { wasRevoked } = await feedback.revoke(id, kind);
    answer(request, response, { id, kind, revoked: wasRevoked }, 'undo');
  };
}

function suggestedClass(request: Request<{ id: string }>): string | null {
  const body = request.body as { corrected_class?: unknown } | undefined;
  return typeof body?.corrected_class === 'string' ? body.corrected_class : null;
}

function answer(
  request: Request<{ id: string }>,
  response: Response,
  json: object,
  thanks: string,
): void {
  if (!wantsPage(request as Request)) response.json(json);
  else
    response.redirect(
      303,
      `/answers/${encodeURIComponent(request.params.id)}?thanks=${thanks}#feedback`,
    );
}
