import type { Request, Response } from 'express';

import { RequestInvalid, UploadRejected } from '../domain/errors.ts';
import { parseJson } from '../http/parse-json.ts';
import { announcedBytes, createBodyBudget, readBody } from '../http/read-body.ts';
import { AROUND_BYTES, createFormReader, type ReadForm, tooLarge } from '../http/read-form.ts';

/** The two ways in which an image arrives; together they hold no more memory than a few of the largest bodies. */
export interface ReceiveBody {
  /** An upload: a multipart form. @throws UploadRejected, Overloaded */
  readonly form: ReadForm;
  /** A report: JSON of any shape. @throws UploadRejected, RequestInvalid, Overloaded */
  readonly json: (request: Request, response: Response) => Promise<unknown>;
}

/** Longest JSON around an image of `bytesMax`: base64 is a third larger. */
export const jsonBytesMaxOf = (bytesMax: number): number =>
  Math.ceil((bytesMax * 4) / 3) + AROUND_BYTES;

/** @param bytesMax of the image */
export function createBodyReceiver(bytesMax: number): ReceiveBody {
  const jsonBytesMax = jsonBytesMaxOf(bytesMax);
  const budget = createBodyBudget(jsonBytesMax);
  const readForm = createFormReader(bytesMax);
  /** Held until the answer is sent: the image stays in memory as long. */
  const takeRoom = async (request: Request, response: Response, max: number): Promise<void> => {
    const bytes = await announcedBytes(request, max).catch((error: unknown) => {
      throw error instanceof UploadRejected && error.reason === 'bytes'
        ? tooLarge(bytesMax)
        : error;
    });
    budget.take(bytes);
    response.once('close', () => {
      budget.giveBack(bytes);
    });
  };
  return {
    async form(request, response) {
      if (request.is('multipart/form-data') !== 'multipart/form-data')
        throw new UploadRejected(
          'type',
          'Send the image in a form (multipart/form-data), field "file".',
        );
      await takeRoom(request, response, bytesMax + AROUND_BYTES);
      return readForm(request, response);
    },
    async json(request, response) {
      if (request.is(['json', '+json']) === false)
        throw new UploadRejected('type', 'Send JSON, with Content-Type: application/json.');
      await takeRoom(request, response, jsonBytesMax);
      const body = parseJson(await readBody(request, jsonBytesMax));
      if (body !== undefined) return body;
      throw new RequestInvalid('The body is not JSON, or holds far more than a report.');
    },
  };
}
