import express, { type Request, type RequestHandler, type Router } from 'express';
import { z } from 'zod';

import { RequestInvalid, Unauthorized, UploadRejected } from '../domain/errors.ts';
import { predictionId } from '../domain/ids.ts';
import { readReport, type Report } from '../record/read-report.ts';
import { acceptUpload } from '../upload/accept-upload.ts';
import { showsKey } from './access.ts';
import type { WebContext } from './web-context.ts';

const OTHER_FIELDS_BYTES_MAX = 65_536;
const WORD_MAX = 200;

const probability = z.number().min(0).max(1);
const reportSchema = z.object({
  image: z.string().min(1),
  prediction: z.string().min(1).max(WORD_MAX).nullish(),
  probability: probability.nullish(),
  probabilities: z.record(z.string(), probability).nullish(),
  model_version: z.string().min(1).max(WORD_MAX),
  time: z.union([z.iso.datetime({ offset: true }), z.number().int().nonnegative()]).nullish(),
  external_id: z.string().min(1).max(WORD_MAX).nullish(),
  segment: z.string().max(WORD_MAX).nullish(),
});
type ReportBody = z.output<typeof reportSchema>;
const base64 = z.base64();

/** Where other services report what their own models predicted. */
export function addReportRoutes(router: Router, context: WebContext): void {
  const limit = Math.ceil((context.settings.uploadBytesMax * 4) / 3) + OTHER_FIELDS_BYTES_MAX;
  router.post(
    '/api/predictions',
    requireKey(context.settings.ingestKey, 'INGEST_KEY'),
    express.json({ limit }),
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
    const body = readBody(request);
    const now = context.clock.now();
    const { answer, at, segment } = readReport(reportOf(body), now, context.settings);
    const id = predictionId(context.random.id());
    const image = await acceptUpload(imageBytes(body.image), id, now, context.normalise);
    const externalId = body.external_id ?? null;
    const recorded = await context.record(answer, image, {
      id,
      at,
      recordedAt: now,
      segment,
      source: 'reported',
      externalId,
    });
    response.status(recorded.outcome === 'recorded' ? 201 : 200).json({ id: recorded.id });
  };
}

function readBody(request: Request): ReportBody {
  const parsed = reportSchema.safeParse(request.body);
  if (parsed.success) return parsed.data;
  throw new RequestInvalid(`This is no report of a prediction: ${z.prettifyError(parsed.error)}`);
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
  if (base64.safeParse(text).success) return Buffer.from(text, 'base64');
  throw new UploadRejected(
    'corrupt',
    'image is not base64 (RFC 4648, with padding, no data: URL).',
  );
}
