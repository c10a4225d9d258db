import { randomInt } from 'node:crypto';

import { AppError, ImageHostUnavailable, Overloaded, UploadRejected } from '../domain/errors.ts';
import { RateLimited } from '../http/limit-rate.ts';
import { UPLOAD_STATUS } from '../http/upload-status.ts';

/** What a client is told. */
export interface Fault {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly retryAfterSeconds: number | null;
  /** True: a person must look into it; the client learns nothing but that. */
  readonly isOurs: boolean;
}

/** The only table from error code to HTTP status. */
const STATUS: Readonly<Record<string, number>> = {
  REQUEST_INVALID: 422,
  NOT_FOUND: 404,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  REQUEST_UNDER_WAY: 409,
  OVERLOADED: 503,
  CLASSIFIER_UNAVAILABLE: 503,
  STORE_UNAVAILABLE: 503,
  OBJECT_STORE_UNAVAILABLE: 503,
  IMAGE_HOST_UNAVAILABLE: 503,
  CONFLICT: 409,
};

/** Whole seconds, 2 to 4: clients that were put off together do not come back together. */
export const drawRetryAfter = (): number => randomInt(2, 5);

const INTERNAL: Fault = {
  status: 500,
  code: 'INTERNAL',
  message: 'Something went wrong here; the log has the reason under the request id.',
  retryAfterSeconds: null,
  isOurs: true,
};

/** What to answer when a request failed. */
export function faultOf(error: unknown): Fault {
  if (error instanceof AppError) return appFault(error);
  return bodyParserFault(error) ?? INTERNAL;
}

function appFault(error: AppError): Fault {
  const status = error instanceof UploadRejected ? UPLOAD_STATUS[error.reason] : STATUS[error.code];
  if (status === undefined) return INTERNAL;
  return {
    status,
    code: error.code,
    message: status === 503 ? unavailableMessage(error) : error.message,
    retryAfterSeconds: retryAfter(error),
    isOurs: false,
  };
}

/** Addresses and file names of what is behind this server are for the log. */
function unavailableMessage(error: AppError): string {
  if (error instanceof ImageHostUnavailable) return error.message;
  return error instanceof Overloaded
    ? 'There is too much to do just now. Please try again in a moment.'
    : 'A part of the service does not answer just now. Please try again in a moment.';
}

const retryAfter = (error: AppError): number | null => {
  if (error instanceof Overloaded || error instanceof RateLimited)
    return Math.max(1, Math.ceil(error.retryAfterSeconds));
  return error.retryable ? drawRetryAfter() : null;
};

const BODY_FAULTS: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: [
    'REQUEST_MALFORMED',
    "The request can't be read: expected well-formed JSON, form or address.",
  ],
  413: ['REQUEST_TOO_LARGE', 'The request is too large.'],
  415: [
    'REQUEST_MALFORMED',
    'The encoding of the request is not known here: send UTF-8, uncompressed.',
  ],
};

/** Express' parsers mark what is the client's fault with a status. */
function bodyParserFault(error: unknown): Fault | null {
  const status = (error as { status?: unknown } | null)?.status;
  if (typeof status !== 'number' || status < 400 || status > 499) return null;
  const [code, message] = BODY_FAULTS[status] ?? [
    'REQUEST_MALFORMED',
    "The request can't be read.",
  ];
  return { status, code, message, retryAfterSeconds: null, isOurs: false };
}
