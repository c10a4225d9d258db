import { z } from 'zod';

import { RequestInvalid } from '../domain/errors.ts';
import { EXAMPLE_IMAGE } from '../http/openapi.ts';
import type { Report } from '../record/read-report.ts';

const WORD_MAX = 200;
const ADDRESS_MAX = 2000;
/** Beyond it no date can be written down. */
const MS_MAX = 8_640_000_000_000_000;

const word = z.string().min(1).max(WORD_MAX);
const probability = z.number().min(0).max(1);
const described = <T extends z.ZodType>(schema: T, description: string): T =>
  schema.meta({ description });

/**
 * What `POST /api/predictions` takes, as JSON or as a line of NDJSON; each description is also what a fault says was
 * expected.
 */
export const reportSchema = z.object({
  image: described(z.string().min(1).nullish(), 'a JPEG, PNG or WebP image in base64').meta({
    contentEncoding: 'base64',
    examples: [EXAMPLE_IMAGE],
  }),
  image_url: described(
    z.string().min(1).max(ADDRESS_MAX).nullish(),
    `in place of image, an http or https address, up to ${ADDRESS_MAX} characters, on one of ALLOWED_IMAGE_HOSTS`,
  ),
  prediction: described(word.nullish(), `the predicted class, up to ${WORD_MAX} characters`),
  probability: described(probability.nullish(), 'the confidence, a number from 0 to 1'),
  probabilities: described(
    z.record(z.string(), probability).nullish(),
    'an object, class -> number from 0 to 1, summing to 1',
  ),
  model_version: described(word, `the version of the model, 1 to ${WORD_MAX} characters`),
  time: described(
    z.union([z.iso.datetime({ offset: true }), z.int().min(0).max(MS_MAX)]).nullish(),
    'ISO 8601 with an offset, or whole milliseconds since the epoch; from 30 days ago to 5 minutes ahead',
  ),
  external_id: described(word.nullish(), `your own id, 1 to ${WORD_MAX} characters`),
  segment: described(z.string().max(WORD_MAX).nullish(), 'one of the configured segments'),
});

export type ReportBody = z.output<typeof reportSchema>;

/** @throws RequestInvalid naming each faulty field and what was expected */
export function readReportBody(body: unknown): ReportBody {
  const parsed = reportSchema.safeParse(body);
  if (!parsed.success)
    throw new RequestInvalid(`This is no report of a prediction: ${reportFaults(parsed.error)}`);
  if (parsed.data.image != null && parsed.data.image_url != null)
    throw new RequestInvalid('Send image or image_url, not both.');
  return parsed.data;
}

function reportFaults(error: z.ZodError): string {
  const names = new Set(error.issues.map(({ path }) => path[0]));
  return [...names]
    .map((name) => {
      const field = reportSchema.shape[name as keyof ReportBody] as z.ZodType | undefined;
      const expected = field?.meta()?.description;
      return expected === undefined
        ? 'expected an object'
        : `${String(name)}: expected ${expected}`;
    })
    .join('; ');
}

export const reportOf = (body: ReportBody): Report => ({
  predictedClass: body.prediction ?? null,
  confidence: body.probability ?? null,
  probabilities: body.probabilities ?? null,
  modelVersion: body.model_version,
  at: typeof body.time === 'string' ? Date.parse(body.time) : (body.time ?? null),
  segment: body.segment ?? null,
});
