import type { RequestHandler, Response, Router } from 'express';

import { Unauthorized } from '../domain/errors.ts';
import { bearerOf } from '../http/bearer.ts';
import { limitRate } from '../http/limit-rate.ts';
import { showsKey } from './access.ts';
import { jsonAnswer } from './answer-once.ts';
import { drawRetryAfter } from './errors.ts';
import { GROUP_BYTES_MAX, takeBatch } from './report-batch.ts';
import { takeReport } from './report-desk.ts';
import { readReportBody } from './report-schema.ts';
import type { WebContext } from './web-context.ts';

const BATCH_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** Where other services report what their own models predicted: one as JSON, many as NDJSON. */
export function addReportRoutes(router: Router, context: WebContext): void {
  router.post(
    '/api/predictions',
    // Before the key is looked at: it can't be guessed faster either.
    limitRate({ perMinute: context.settings.reportsPerMinute, clock: context.clock }),
    requireReporter(context),
    takeMany(context),
    takeOne(context),
  );
}

/** @param name of the setting that holds the key, for the message */
export function requireKey(key: string, name: string): RequestHandler {
  return (request, _response, next) => {
    next(
      showsKey(request, key)
        ? undefined
        : new Unauthorized(`Send the key: Authorization: Bearer <${name}>.`),
    );
  };
}

/** Lets the deployment's own key and those of reporting services pass, and remembers whose it was. */
export function requireReporter({ settings, reporterKeys }: WebContext): RequestHandler {
  return async (request, response, next) => {
    if (showsKey(request, settings.ingestKey)) {
      next();
      return;
    }
    const key = bearerOf(request.headers.authorization);
    const owner = key === null ? null : await reporterKeys.ownerOf(key);
    if (owner === null)
      throw new Unauthorized(
        'Send a key: Authorization: Bearer <INGEST_KEY>, or one made by npm run keys.',
      );
    response.locals['reporter'] = owner.name;
    next();
  };
}

/** Whose key was shown; null for the deployment's own. */
export const reporterOf = (response: Response): string | null =>
  (response.locals['reporter'] as string | undefined) ?? null;

function takeOne(context: WebContext): RequestHandler {
  return async (request, response) => {
    const report = readReportBody(await context.receive.json(request, response));
    const reporter = reporterOf(response);
    await context.answerOnce(request, response, {
      sent: () => [reporter ?? '', JSON.stringify(report)],
      about: null,
      answer: async (id) => {
        const recorded = await takeReport(context, report, reporter, id);
        return jsonAnswer(recorded.outcome === 'recorded' ? 201 : 200, { id: recorded.id });
      },
    });
  };
}

function takeMany(context: WebContext): RequestHandler {
  return async (request, response, next) => {
    if (request.is(BATCH_TYPES) === false) {
      next();
      return;
    }
    const lines = await context.receive.lines(request, response, GROUP_BYTES_MAX);
    const answers = await takeBatch(context, lines, reporterOf(response));
    if (answers.some(({ status }) => status === 503))
      response.set('Retry-After', String(drawRetryAfter()));
    if (answers.at(-1)?.status === 413) response.set('Connection', 'close');
    response
      .type('application/x-ndjson')
      .send(answers.map((answer) => `${JSON.stringify(answer)}\n`).join(''));
  };
}
