import express, { type Request, type RequestHandler, type Router } from 'express';

import type { FeedbackKind } from '../domain/feedback.ts';
import { type PredictionId, predictionId } from '../domain/ids.ts';
import { jsonAnswer, redirectAnswer } from './answer-once.ts';
import { correctionRequest } from './api-schemas.ts';
import { wantsPage } from './wants-page.ts';
import type { WebContext } from './web-context.ts';

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

function give({ feedback, answerOnce }: WebContext, kind: FeedbackKind): OfPrediction {
  return (request, response) => {
    const id = predictionId(request.params.id);
    const suggested = suggestedClass(request);
    return answerOnce(request as Request, response, {
      sent: () => [JSON.stringify(suggested)],
      about: id,
      answer: async () => {
        const { counted } = await feedback.give(id, kind, suggested);
        return wantsPage(request as Request)
          ? redirectAnswer(thanksPage(id, counted))
          : jsonAnswer(200, { id, kind: counted });
      },
    });
  };
}

function revoke({ feedback }: WebContext, kind: FeedbackKind): OfPrediction {
  return async (request, response) => {
    const id = predictionId(request.params.id);
    const { wasRevoked } = await feedback.revoke(id, kind);
    if (wantsPage(request as Request)) response.redirect(303, thanksPage(id, 'undo'));
    else response.json({ id, kind, revoked: wasRevoked });
  };
}

function suggestedClass(request: Request<{ id: string }>): string | null {
  const parsed = correctionRequest.safeParse(request.body);
  return parsed.success ? parsed.data.corrected_class : null;
}

const thanksPage = (id: PredictionId, thanks: string): string =>
  `/answers/${encodeURIComponent(id)}?thanks=${thanks}#feedback`;
