import { RequestInvalid, UploadRejected } from '../domain/errors.ts';
import type { PredictionId } from '../domain/ids.ts';
import { externalIdOf } from '../domain/reporter.ts';
import { decodeBase64 } from '../http/decode-base64.ts';
import { readReport } from '../record/read-report.ts';
import type { KeptImage } from '../record/record-prediction.ts';
import { acceptUpload, awaitUpload } from '../upload/accept-upload.ts';
import { type ReportBody, reportOf } from './report-schema.ts';
import type { WebContext } from './web-context.ts';

type Recorded = Awaited<ReturnType<WebContext['record']>>;

/**
 * Records one reported prediction; one whose image is fetched, in its turn.
 * @param reporter whose key was shown; null for the deployment's own
 * @param id of the prediction to be
 * @throws RequestInvalid, UploadRejected; what the stores throw
 */
export function takeReport(
  context: WebContext,
  report: ReportBody,
  reporter: string | null,
  id: PredictionId,
): Promise<Recorded> {
  const take = (): Promise<Recorded> => recordReport(context, report, reporter, id);
  return report.image_url == null ? take() : context.inFetchTurn(take);
}

async function recordReport(
  context: WebContext,
  report: ReportBody,
  reporter: string | null,
  id: PredictionId,
): Promise<Recorded> {
  const now = context.clock.now();
  const { answer, at, segment } = readReport(reportOf(report), now, context.settings);
  const image = await imageOf(context, report, id, now);
  const externalId = report.external_id ?? null;
  return context.record(answer, image, {
    id,
    at,
    recordedAt: now,
    segment,
    source: 'reported',
    externalId: externalId === null ? null : externalIdOf(reporter, externalId),
  });
}

async function imageOf(
  context: WebContext,
  report: ReportBody,
  id: PredictionId,
  now: number,
): Promise<KeptImage> {
  const { image, image_url: address } = report;
  if (image != null) return acceptUpload(imageBytes(image), id, now, context.normalise);
  if (address == null) return awaitUpload(id, now);
  if (context.fetchImage === null)
    throw new RequestInvalid(
      'image_url: no host is allowed here (ALLOWED_IMAGE_HOSTS). Send image instead.',
    );
  return acceptUpload(await context.fetchImage(address), id, now, context.normalise);
}

/** @throws UploadRejected for what is no base64 */
export function imageBytes(text: string): Buffer {
  const bytes = decodeBase64(text);
  if (bytes !== null) return bytes;
  throw new UploadRejected('corrupt', 'image is not base64: encode the file as it is.');
}
