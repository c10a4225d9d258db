import { AppError, StoreUnavailable, StoreUnusable } from '../../domain/errors.ts';

/** Primary result codes that are told apart. @see https://sqlite.org/rescode.html */
export const SQLITE = {
  ERROR: 1,
  BUSY: 5,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
} as const;

const primaryCode = (error: unknown): number | null => {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === 'number' ? code & 0xff : null;
};

export const hasCode = (error: unknown, code: (typeof SQLITE)[keyof typeof SQLITE]): boolean =>
  primaryCode(error) === code;

/** What the core may know of a database fault; what is no database fault passes as it is. */
export function toStoreError(error: unknown, path: string): Error {
  const code = primaryCode(error);
  if (!(error instanceof Error)) return new Error(String(error));
  if (code === null || error instanceof AppError) return error;
  const said = error.message;
  if (code === SQLITE.CORRUPT || code === SQLITE.NOTADB)
    return new StoreUnusable(
      `${path} is damaged (${said}). Nothing was overwritten: restore a backup, or move the file away to begin anew`,
      { cause: error },
    );
  if (code === SQLITE.FULL)
    return new StoreUnavailable(`The disk that holds ${path} is full: free some space`, {
      cause: error,
    });
  return new StoreUnavailable(`${path} can't be read or written just now: ${said}`, {
    cause: error,
  });
}
