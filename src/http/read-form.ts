import type { Request, Response } from 'express';
import multer from 'multer';

import { UploadRejected } from '../domain/errors.ts';

/** A form as it came: the image and the few words beside it. */
export interface ReceivedForm {
  /** Content of the field `file`; null where there was none. */
  readonly bytes: Buffer | null;
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads one multipart form with at most one image, in the field `file`. */
export type ReadForm = (request: Request, response: Response) => Promise<ReceivedForm>;

/** Room for the rest of a form, or of a JSON object, around the image. */
export const AROUND_BYTES = 65_536;

/**
 * @param bytesMax of the image
 * @returns a reader; it rejects with UploadRejected for whatever is wrong with the form
 */
export function createFormReader(bytesMax: number): ReadForm {
  const read = multer({
    storage: multer.memoryStorage(),
    limits: {
      fileSize: bytesMax,
      files: 1,
      fields: 4,
      parts: 5,
      fieldSize: 1000,
      fieldNameSize: 100,
      headerPairs: 20,
      fieldNestingDepth: 1,
    },
  }).single('file');
  return (request, response) =>
    new Promise((resolve, reject) => {
      // The parser lets a form that it has given up run out: one that never ends would be read for ever.
      let length = 0;
      request.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > bytesMax + AROUND_BYTES) reject(tooLarge(bytesMax));
      });
      read(request, response, (error: unknown) => {
        // Nobody types a reason: what the parser calls an error is always something about the form.
        if (error) reject(rejection(error, bytesMax));
        else resolve({ bytes: request.file?.buffer ?? null, fields: wordsOf(request.body) });
      });
    });
}

function wordsOf(body: unknown): Record<string, string> {
  const words = Object.entries((body ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    words.filter((word): word is [string, string] => typeof word[1] === 'string'),
  );
}

function rejection(cause: unknown, bytesMax: number): UploadRejected {
  const code = cause instanceof multer.MulterError ? cause.code : null;
  if (code === 'LIMIT_FILE_SIZE') return tooLarge(bytesMax, { cause });
  if (code === 'LIMIT_UNEXPECTED_FILE' || code === 'LIMIT_FILE_COUNT')
    return new UploadRejected('missing', 'Send one image, in the form field "file".', { cause });
  return new UploadRejected(
    'corrupt',
    'The form broke off or is not one that is taken: send one image, in the form field "file".',
    { cause },
  );
}

const MEBIBYTE = 1_048_576;

/** @param bytesMax of an image */
export const tooLarge = (bytesMax: number, options?: { cause?: unknown }): UploadRejected =>
  new UploadRejected(
    'bytes',
    `The image is too large: send at most ${(bytesMax / MEBIBYTE).toFixed(bytesMax < MEBIBYTE ? 2 : 0)} MiB.`,
    options,
  );
