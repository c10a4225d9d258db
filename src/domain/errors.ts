/** What every error of the product carries: a stable code, whether trying again may help, and the cause. */
export abstract class AppError extends Error {
  abstract readonly code: string;
  /** True when the same call may succeed later without anybody changing anything. */
  abstract readonly retryable: boolean;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A setting is wrong; the message names every fault. */
export class ConfigInvalid extends AppError {
  readonly code = 'CONFIG_INVALID';
  readonly retryable = false;
}

/** What was sent as an image is not one that we take; `reason` is the label of the rejection counter. */
export class UploadRejected extends AppError {
  readonly code = 'UPLOAD_REJECTED';
  readonly retryable = false;
  readonly reason: UploadRejection;

  constructor(reason: UploadRejection, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.reason = reason;
  }
}
export type UploadRejection = 'type' | 'bytes' | 'pixels' | 'corrupt' | 'missing';

/** The request is well-formed but says something that can't be: unknown class, time out of range. */
export class RequestInvalid extends AppError {
  readonly code = 'REQUEST_INVALID';
  readonly retryable = false;
}

/** What is there already stands against the request. */
export class Conflict extends AppError {
  readonly code = 'CONFLICT';
  readonly retryable = false;
}

/** The same request is being worked on; its answer can be had in a moment. */
export class RequestUnderWay extends AppError {
  readonly code = 'REQUEST_UNDER_WAY';
  readonly retryable = true;
}

/** The thing asked for is not in the records. */
export class NotFound extends AppError {
  readonly code = 'NOT_FOUND';
  readonly retryable = false;
}

/** The caller did not show the key that this route needs. */
export class Unauthorized extends AppError {
  readonly code = 'UNAUTHORIZED';
  readonly retryable = false;
}

/** The service takes no more work just now; `retryAfterSeconds` goes into the answer's header. */
export class Overloaded extends AppError {
  readonly code = 'OVERLOADED';
  readonly retryable = true;
  readonly reason: 'queue_full' | 'deadline' | 'draining';
  readonly retryAfterSeconds: number;

  constructor(
    reason: 'queue_full' | 'deadline' | 'draining',
    message: string,
    retryAfterSeconds: number,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The classifier did not answer, or not with a prediction. */
export class ClassifierUnavailable extends AppError {
  readonly code = 'CLASSIFIER_UNAVAILABLE';
  readonly retryable = true;
}

/** The store can't take or give a record just now. */
export class StoreUnavailable extends AppError {
  readonly code = 'STORE_UNAVAILABLE';
  readonly retryable = true;
}

/** The data on disk can't be used as it is: corrupt, newer than this program, another key. Never overwritten. */
export class StoreUnusable extends AppError {
  readonly code = 'STORE_UNUSABLE';
  readonly retryable = false;
}

/** The object store can't take or give an image just now. */
export class ObjectStoreUnavailable extends AppError {
  readonly code = 'OBJECT_STORE_UNAVAILABLE';
  readonly retryable = true;
}

/** The server that a reporting service named as an image's host does not give it just now. */
export class ImageHostUnavailable extends AppError {
  readonly code = 'IMAGE_HOST_UNAVAILABLE';
  readonly retryable = true;
}

/** Another process took over the lease; whatever this one was about to write must not be written. */
export class LeaseLost extends AppError {
  readonly code = 'LEASE_LOST';
  readonly retryable = true;
}

/** The labelling tool can't be reached or answered with a fault of its own. */
export class LabelingToolUnavailable extends AppError {
  readonly code = 'LABELING_TOOL_UNAVAILABLE';
  readonly retryable = true;
  /** Seconds that the tool asked us to wait, where it did. */
  readonly retryAfterSeconds: number | null;

  constructor(message: string, options?: { cause?: unknown; retryAfterSeconds?: number | null }) {
    super(message, options);
    this.retryAfterSeconds = options?.retryAfterSeconds ?? null;
  }
}

/** The labelling tool understood and refused: the same request will never succeed. */
export class LabelingToolRefused extends AppError {
  readonly code = 'LABELING_TOOL_REFUSED';
  readonly retryable = false;
  readonly status: number;

  constructor(status: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.status = status;
  }
}

/** The model folder is missing, incomplete or says something that its file does not hold. */
export class ModelUnusable extends AppError {
  readonly code = 'MODEL_UNUSABLE';
  readonly retryable = false;
}

/** The caller may not do this: a link that was altered or has expired, a form sent from another site. */
export class Forbidden extends AppError {
  readonly code = 'FORBIDDEN';
  readonly retryable = false;
}
