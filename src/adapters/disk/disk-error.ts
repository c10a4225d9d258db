import { ObjectStoreUnavailable } from '../../domain/errors.ts';

export const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** What the core may know of a disk's fault; a key that is none is the caller's fault and passes as it is. */
export function toObjectStoreError(error: unknown, dir: string, done: string): Error {
  if (error instanceof RangeError) return error;
  const isFull = codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';
  return new ObjectStoreUnavailable(
    isFull
      ? `The disk that holds ${dir} is full: free some space`
      : `An image under ${dir} can't be ${done} just now: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  );
}
