import { ObjectStoreUnavailable } from '../../domain/errors.ts';

interface ServerFault {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const statusOf = (error: unknown): number | undefined =>
  (error as ServerFault | null)?.$metadata?.httpStatusCode;

/** The object, or the bucket, is not there. */
export const isMissing = (error: unknown): boolean =>
  (error as ServerFault | null)?.name === 'NoSuchKey' || statusOf(error) === 404;

/** What the core may know of a server's fault. */
export function toObjectStoreError(error: unknown, place: string): ObjectStoreUnavailable {
  const { name, message } = error as ServerFault;
  const advice =
    statusOf(error) === 403
      ? '. Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and what they may do'
      : '';
  return new ObjectStoreUnavailable(
    `${place} can't serve just now: ${[name, message].filter(Boolean).join(': ')}${advice}`,
    { cause: error },
  );
}
