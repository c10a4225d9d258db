import {
  json,
  type Operation,
  type Parameter,
  type Response,
  retryLater,
} from '../http/openapi.ts';

/* What the operations of web's API have in common. */

export type Responses = Readonly<Record<string, Response>>;

export const error = (description: string): Response => json(description, 'Error');
/** What any request may be answered. */
export const ALWAYS: Responses = {
  '400': error('The request can not be read.'),
  '503': retryLater('A part of the service does not answer just now.', 'Error'),
};
export const FOREIGN: Responses = { '403': error('Sent by a page of another site.') };
export const NOT_FOUND: Responses = { '404': error('There is no such prediction.') };
export const UNAUTHORIZED: Responses = { '401': error('The key is missing or wrong.') };
export const TOO_OFTEN: Responses = { '429': retryLater('One client asks too often.', 'Error') };
export const IMAGE_REFUSED: Responses = {
  '400': error('The body is broken, or the image is damaged.'),
  '413': error('Too many bytes or pixels.'),
  '415': error('Neither JPEG, PNG nor WebP; or a kind of body that is not taken.'),
  '422': error('No image, or something in it that can not be.'),
};

export const ID: Parameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'Id of the prediction.',
  schema: { type: 'string', minLength: 1 },
};
export const query = (name: string, description: string): Parameter => ({
  name,
  in: 'query',
  required: false,
  description,
  schema: { type: 'string' },
});

export const KEYED: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same content is done once in 24 hours.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
};
export const UNDER_WAY: Responses = {
  '409': retryLater('The same Idempotency-Key is still under way.', 'Error'),
};

type Written = Omit<Operation, 'responses'> & { readonly responses: Responses };
export const operation = ({ responses, ...rest }: Written): Operation => ({
  ...rest,
  responses: { ...ALWAYS, ...responses },
});
export const get = (
  operationId: string,
  summary: string,
  responses: Responses,
  more: Partial<Operation> = {},
): { readonly get: Operation } => ({
  get: operation({ operationId, summary, ...more, responses }),
});

export const INGEST = { security: [{ ingestKey: [] }] };
export const OPS = { security: [{ opsKey: [] }] };
