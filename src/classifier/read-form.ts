import type { Request, Response } from 'express';
import multer from 'multer';

import { RequestRefused } from './faults.ts';

/** Reads the image of a multipart form, in the field `file`. */
export type ReadForm = (request: Request, response: Response) => Promise<Buffer>;

/** @param bytesMax of the image */
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
      read(request, response, (error: unknown) => {
        if (error) reject(refusal(error, bytesMax));
        else if (request.file === undefined) reject(noFile());
        else resolve(request.file.buffer);
      });
    });
}

const noFile = (): RequestRefused =>
  new RequestRefused(422, 'Send one image, in the form field "file".', {
    type: 'missing',
    loc: ['body', 'file'],
  });

function refusal(error: unknown, bytesMax: number): RequestRefused {
  const code = error instanceof multer.MulterError ? error.code : null;
  if (code === 'LIMIT_FILE_SIZE')
    return new RequestRefused(413, `The image is too large: send at most ${bytesMax} bytes.`);
  if (code === 'LIMIT_UNEXPECTED_FILE' || code === 'LIMIT_FILE_COUNT') return noFile();
  return new RequestRefused(
    400,
    'The form broke off or is not one that is taken: send one image, in the form field "file".',
  );
}
