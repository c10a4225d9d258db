import type { Request, Response } from 'express';

import { RequestInvalid, UploadRejected } from '../domain/errors.ts';
import { parseJson } from '../http/parse-json.ts';
import { announcedBytes, createBodyBudget, readBody, streamBody } from '../http/read-body.ts';
import { AROUND_BYTES, createFormReader, type ReadForm, tooLarge } from '../http/read-form.ts';
import { type ReadLine, readLines } from '../http/read-lines.ts';

/** The ways in which an image arrives; together they hold no more memory than a few of the largest bodies. */
export interface ReceiveBody {
  /** An upload: a multipart form. @throws UploadRejected, Overloaded */
  readonly form: ReadForm;
  /** A report: JSON of any shape. @throws UploadRejected, RequestInvalid, Overloaded */
  readonly json: (request: Request, response: Response) => Promise<unknown>;
  /** The image itself is the body. @throws UploadRejected, Overloaded */
  readonly image: (request: Request, response: Response) => Promise<Buffer>;
  /**
   * Reports, a line each; what is too long for a line comes as null. @throws UploadRejected, Overloaded
   * @param heldMax bytes of lines that the caller holds while the next one is read
   */
  readonly lines: (
    request: Request,
    response: Response,
    heldMax: number,
  ) => Promise<AsyncIterable<ReadLine>>;
}

/** @param bytesMax of the image */
export function createBodyReceiver(bytesMax: number): ReceiveBody {
  // Base64 is a third larger.
  const jsonBytesMax = Math.ceil((bytesMax * 4) / 3) + AROUND_BYTES;
  const budget = createBodyBudget(jsonBytesMax);
  const readForm = createFormReader(bytesMax);
  /** Until the answer is sent: the image stays in memory as long. */
  const hold = (bytes: number, { socket }: Request, response: Response): void => {
    budget.take(bytes);
    const giveBack = (): void => {
      response.off('close', giveBack);
      socket.off('close', giveBack);
      budget.giveBack(bytes);
    };
    response.once('close', giveBack);
    // An answer that waits behind another on its connection is never closed when that breaks.
    socket.once('close', giveBack);
  };
  const takeRoom = async (request: Request, response: Response, max: number): Promise<void> => {
    const bytes = await announcedBytes(request, max).catch((error: unknown) => {
      throw error instanceof UploadRejected && error.reason === 'bytes'
        ? tooLarge(bytesMax)
        : error;
    });
    hold(bytes, request, response);
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
    async image(request, response) {
      await takeRoom(request, response, bytesMax);
      return readBody(request, bytesMax);
    },
    async lines(request, response, heldMax) {
      const bytes = await announcedBytes(request, Infinity);
      hold(Math.min(bytes, heldMax + jsonBytesMax), request, response);
      return readLines(streamBody(request), jsonBytesMax);
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
