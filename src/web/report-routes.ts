import type { RequestHandler, Router } from 'express';

import { RequestInvalid, Unauthorized, UploadRejected } from '../domain/errors.ts';
import { decodeBase64 } from '../http/decode-base64.ts';
import { limitRate } from '../http/limit-rate.ts';
import { readReport, type Report } from '../record/read-report.ts';
import { acceptUpload } from '../upload/accept-upload.ts';
import { showsKey } from './access.ts';
import { jsonAnswer } from './answer-once.ts';
import { type ReportBody, reportFaults, reportSchema } from './report-schema.ts';
import type { WebContext } from './web-context.ts';

/** Where other services report what their own models predicted. */
export function addReportRoutes(router: Router, context: WebContext): void {
  router.post(
    '/api/predictions',
    // Before the key is looked at: it can't be guessed faster either.
    limitRate({ perMinute: context.settings.reportsPerMinute, clock: context.clock }),
    requireKey(context.settings.ingestKey, 'INGEST_KEY'),
    takeReport(context),
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

function takeReport(context: WebContext): RequestHandler {
  return async (request, response) => {
    const body = checked(await context.receive.json(request, response));
    const externalId = body.external_id ?? null;
    await context.answerOnce(request, response, {
      sent: [JSON.stringify(body)],
      about: null,
      answer: async (id) => {
        const now = context.clock.now();
        const { answer, at, segment } = readReport(reportOf(body), now, context.settings);
        const image = await acceptUpload(imageBytes(body.image), id, now, context.normalise);
        const occasion = { id, at, recordedAt: now, segment, externalId };
        const recorded = await context.record(answer, image, { ...occasion, source: 'reported' });
        return jsonAnswer(recorded.outcome === 'recorded' ? 201 : 200, { id: recorded.id });
      },
    });
  };
}

function checked(body: unknown): ReportBody {
  const parsed = reportSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new RequestInvalid(`This is no report of a prediction: ${reportFaults(parsed.error)}`);
}

const reportOf = (body: ReportBody): Report => ({
  predictedClass: body.prediction ?? null,
  confidence: body.probability ?? null,
  probabilities: body.probabilities ?? null,
  modelVersion: body.model_version,
  at: typeof body.time === 'string' ? Date.parse(body.time) : (body.time ?? null),
  segment: body.segment ?? null,
});

function imageBytes(text: string): Buffer {
  const bytes = decodeBase64(text);
  if (bytes !== null) return bytes;
  throw new UploadRejected('corrupt', 'image is not base64: encode the file as it is.');
}
