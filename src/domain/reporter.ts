import { RequestInvalid } from './errors.ts';

/** A service that reports its predictions with a key of its own. */
export interface Reporter {
  readonly name: string;
  /** SHA-256 (hex) of its key: the key itself is kept nowhere. */
  readonly keyDigest: string;
  /** ms since the epoch. */
  readonly madeAt: number;
}

/** Between a reporter's name and its own id of a prediction; in no name. */
const SEPARATOR = '\u001f';

/**
 * Two services may use the same ids for different predictions.
 * @param reporter null: whoever has the deployment's own key
 */
export const externalIdOf = (reporter: string | null, id: string): string =>
  reporter === null ? id : `${reporter}${SEPARATOR}${id}`;

/** The id as the reporting service knows it, and that service's name. */
export function readExternalId(externalId: string): {
  readonly reporter: string | null;
  readonly id: string;
} {
  const end = externalId.indexOf(SEPARATOR);
  return end < 0
    ? { reporter: null, id: externalId }
    : { reporter: externalId.slice(0, end), id: externalId.slice(end + 1) };
}

/** @throws RequestInvalid for a name that an address or a command line can't carry */
export function reporterName(name: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,62}$/.test(name)) return name;
  throw new RequestInvalid(
    `"${name}" can't name a reporting service: expected up to 63 of a to z, 0 to 9, ".", "_" and "-", beginning with a letter or digit.`,
  );
}
