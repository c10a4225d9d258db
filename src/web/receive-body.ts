import type { Request, Response } from 'express';

import { RequestInvalid, UploadRejected } from '../domain/errors.ts';
import { parseJson } from '../http/parse-json.ts';
import { announcedBytes, createBodyBudget, readBody } from '../http/read-body.ts';
import { createFormReader, type ReadForm, tooLarge } from '../http/read-form.ts';

/** The two ways in which an image arrives; together they hold no more memory than a few of the largest bodies. */
export interface ReceiveBody {
  /** An upload: a multipart form. @throws UploadRejected, Overloaded */
  readonly form: ReadForm;
  /** A report: JSON of any shape. @throws UploadRejected, RequestInvalid, Overloaded */
  readonly json: (request: Request, response: Response) => Promise<unknown>;
}

/** Room for the rest of a form or of a JSON object around the image. */
const AROUND_BYTES = 65_536;

/** @param bytesMax of the image; a JSON body may be a third larger, as base64 is */
export function createBodyReceiver(bytesMax: number): ReceiveBody {
  const jsonBytesMax = Math.ceil((bytesMax * 4) / 3) + AROUND_BYTES;
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
      await takeRoom(request, response, bytesMax + AROUND_BYTES);
      return readForm(request, response);
    },
    async json(request, response) {
      requireJson(request);
      await takeRoom(request, response, jsonBytesMax);
      const body = parseJson(await readBody(request, jsonBytesMax));
      if (body !== undefined) return body;
      throw new RequestInvalid('The body is not JSON, or holds far more than a report.');
    },
  };
}

function requireJson(request: Request): void {
  if (request.is('json') !== false) return;
  throw new UploadRejected('type', 'Send the report as JSON, with Content-Type: application/json.');
}
