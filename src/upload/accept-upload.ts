import { createHash } from 'node:crypto';

import { UploadRejected } from '../domain/errors.ts';
import { type ObjectKey, objectKey, type PredictionId } from '../domain/ids.ts';

/** An upload as everything afterwards works on it: upright, re-encoded, bare of metadata, and named. */
export interface AcceptedUpload {
  readonly jpeg: Buffer;
  /** SHA-256 (hex) of `jpeg`. */
  readonly contentDigest: string;
  readonly objectKey: ObjectKey;
}

/**
 * Makes of any bytes the one image that is kept.
 * @throws UploadRejected with its reason
 */
export type NormaliseImage = (bytes: Buffer) => Promise<{ readonly jpeg: Buffer }>;

/**
 * Step 1: checks and normalises what was sent, and names the object.
 * @param bytes as they came; null when nothing did
 * @param id of the prediction to be: one object each, so that one person's deletion never takes another's picture
 * @param recordedAt ms; its day keeps folders small
 * @throws UploadRejected when there is no image in it that we take
 */
export async function acceptUpload(
  bytes: Buffer | null,
  id: PredictionId,
  recordedAt: number,
  normalise: NormaliseImage,
): Promise<AcceptedUpload> {
  if (bytes === null || bytes.length === 0)
    throw new UploadRejected('missing', 'No image came: send a JPEG, PNG or WebP file.');
  const { jpeg } = await normalise(bytes);
  return {
    jpeg,
    contentDigest: createHash('sha256').update(jpeg).digest('hex'),
    objectKey: keyOf(id, recordedAt),
  };
}

/**
 * Names the object of an image that its reporter still keeps; it is sent once somebody is to label it.
 * @returns no bytes, and '' as their digest
 */
export const awaitUpload = (
  id: PredictionId,
  recordedAt: number,
): { readonly jpeg: null; readonly contentDigest: ''; readonly objectKey: ObjectKey } => ({
  jpeg: null,
  contentDigest: '',
  objectKey: keyOf(id, recordedAt),
});

function keyOf(id: PredictionId, recordedAt: number): ObjectKey {
  const day = new Date(recordedAt).toISOString().slice(0, 10);
  return objectKey(`images/${day}/${id}.jpg`);
}
