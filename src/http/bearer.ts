import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The bearer token of an Authorization header, or null when it carries none. */
export const bearerOf = (header: string | undefined): string | null =>
  /^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? null;

/**
 * Does an Authorization header carry this secret as a bearer token? Compared in constant time.
 * @param header the header as it came, if any
 * @param secret what is expected; never empty
 */
export function hasBearer(header: string | undefined, secret: string): boolean {
  const token = bearerOf(header);
  return token !== null && timingSafeEqual(digest(token), digest(secret));
}
