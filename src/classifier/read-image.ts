import type { Request, Response } from 'express';

import { RequestRefused } from './faults.ts';
import { parseImageJson } from './parse-image-json.ts';
import { announcedBytes, createBodyBudget, readBody } from './read-body.ts';
import { createFormReader } from './read-form.ts';

/** Gets the encoded image out of a request, whichever way it came. */
export type ReadImage = (request: Request, response: Response) => Promise<Buffer>;

/** Room for the rest of a JSON object or of a form around the image. */
const AROUND_BYTES = 65_536;
/** Bodies that may be on their way at the same time, in bodies of the largest size. */
const BODIES_MAX = 16;

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
  const budget = createBodyBudget(BODIES_MAX * bodyBytesMax.json);
  const readForm = createFormReader(bytesMax);
  return async (request, response) => {
    const kind = bodyKind(request);
    const bytes = announcedBytes(request, bodyBytesMax[kind]);
    budget.take(bytes);
    try {
      if (kind === 'form') return await readForm(request, response);
      const body = await readBody(request, bodyBytesMax[kind]);
      return kind === 'json' ? parseImageJson(body) : body;
    } finally {
      budget.giveBack(bytes);
    }
  };
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
