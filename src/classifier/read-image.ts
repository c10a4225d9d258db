import type { Request, Response } from 'express';

import { announcedBytes, createBodyBudget, readBody, readChunks } from '../http/read-body.ts';
import { AROUND_BYTES, createFormReader, type ReceivedForm } from '../http/read-form.ts';
import { createArrivingImage } from './arriving-image.ts';
import { RequestRefused } from './faults.ts';
import { parseImageJson } from './parse-image-json.ts';

/** Gets the encoded image out of a request, whichever way it came. */
export type ReadImage = (request: Request, response: Response) => Promise<Buffer>;

type BodyKind = 'json' | 'form' | 'image';

/**
 * @param bytesMax of the image; a JSON body may be a third larger, as base64 is
 */
export function createImageReader(bytesMax: number): ReadImage {
  const bodyBytesMax: Readonly<Record<BodyKind, number>> = {
    json: Math.ceil((bytesMax * 4) / 3) + AROUND_BYTES,
    form: bytesMax + AROUND_BYTES,
    image: bytesMax,
  };
  const budget = createBodyBudget(bodyBytesMax.json);
  const readForm = createFormReader(bytesMax);
  return async (request, response) => {
    const kind = bodyKind(request);
    const bytes = await announcedBytes(request, bodyBytesMax[kind]);
    budget.take(bytes);
    try {
      if (kind === 'form') return imageOf(await readForm(request, response));
      if (kind === 'image') return await readBody(request, bodyBytesMax.image);
      return await readImageJson(request, bytes, bodyBytesMax.json);
    } finally {
      budget.giveBack(bytes);
    }
  };
}

/** @param bytes announced */
async function readImageJson(request: Request, bytes: number, bytesMax: number): Promise<Buffer> {
  const arriving = createArrivingImage(bytes);
  const chunks = await readChunks(request, bytesMax, (chunk) => {
    arriving.add(chunk);
  });
  return arriving.finish() ?? parseImageJson(Buffer.concat(chunks));
}

function imageOf({ bytes }: ReceivedForm): Buffer {
  if (bytes !== null) return bytes;
  throw new RequestRefused(422, 'Send one image, in the form field "file".', {
    type: 'missing',
    loc: ['body', 'file'],
  });
}

function bodyKind(request: Request): BodyKind {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json' || type.endsWith('+json')) return 'json';
  if (type === 'multipart/form-data') return 'form';
  if (type.startsWith('image/')) return 'image';
  throw new RequestRefused(
    415,
    `Content-Type is ${type === '' ? 'not given' : type.slice(0, 100)}: send application/json, multipart/form-data or image/*.`,
  );
}
