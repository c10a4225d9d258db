import {
  AppError,
  ClassifierUnavailable,
  ModelUnusable,
  NotFound,
  Overloaded,
  StoreUnavailable,
  Unauthorized,
  UploadRejected,
} from '../domain/errors.ts';
import { RateLimited } from '../http/limit-rate.ts';
import { UPLOAD_STATUS } from '../http/upload-status.ts';
import type { InvalidRequest } from './schemas.ts';

/** A fault of the request itself, before there is any image. */
export class RequestRefused extends AppError {
  readonly code = 'REQUEST_REFUSED';
  readonly retryable = false;
  readonly status: 400 | 404 | 405 | 413 | 415 | 422;
  /** Where the fault is, for a 422. */
  readonly at: { readonly type: string; readonly loc: readonly (string | number)[] };

  constructor(
    status: RequestRefused['status'],
    message: string,
    at: RequestRefused['at'] = { type: 'value_error', loc: ['body'] },
  ) {
    super(message);
    this.status = status;
    this.at = at;
  }
}

/** What a client is told. */
export interface Fault {
  readonly status: number;
  readonly body: { readonly detail: string } | InvalidRequest;
  readonly retryAfterSeconds: number | null;
}

/** The only table from a fault to an HTTP answer; the words are those that clients of FastAPI know (`detail`). */
export function faultOf(error: unknown): Fault {
  if (error instanceof RequestRefused) return refused(error.status, error.message, error.at);
  if (error instanceof UploadRejected)
    return refused(UPLOAD_STATUS[error.reason], error.message, {
      type: 'missing',
      loc: ['body', 'image'],
    });
  if (error instanceof Overloaded) return unavailable(error.message, error.retryAfterSeconds);
  if (error instanceof RateLimited)
    return { ...unavailable(error.message, error.retryAfterSeconds), status: 429 };
  if (
    [ClassifierUnavailable, StoreUnavailable, ModelUnusable].some((known) => error instanceof known)
  )
    return unavailable((error as AppError).message, 1);
  if (error instanceof NotFound) return refusal(404, error.message);
  if (error instanceof Unauthorized) return refusal(401, error.message);
  const status = (error as { status?: unknown } | null)?.status;
  // Express marks what is the client's fault, an address that can't be decoded for instance.
  if (typeof status === 'number' && status >= 400 && status < 500)
    return refusal(400, 'The request can not be read.');
  return refusal(500, 'Something went wrong here; the log has the reason.');
}

const refusal = (status: number, detail: string): Fault => ({
  status,
  body: { detail },
  retryAfterSeconds: null,
});

function refused(
  status: RequestRefused['status'],
  message: string,
  { type, loc }: RequestRefused['at'],
): Fault {
  if (status !== 422) return refusal(status, message);
  const body = { detail: [{ type, loc: [...loc], msg: message }] };
  return { status, body, retryAfterSeconds: null };
}

const unavailable = (detail: string, retryAfterSeconds: number): Fault => ({
  status: 503,
  body: { detail },
  retryAfterSeconds,
});
