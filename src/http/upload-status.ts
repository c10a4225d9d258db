import type { UploadRejection } from '../domain/errors.ts';

/** What an upload that is not taken is answered, at every door: classifier, web and reporting. */
export const UPLOAD_STATUS = {
  type: 415,
  bytes: 413,
  pixels: 413,
  corrupt: 400,
  missing: 422,
} as const satisfies Readonly<Record<UploadRejection, number>>;
