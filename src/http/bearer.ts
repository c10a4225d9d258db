import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Does an Authorization header carry this secret as a bearer token? Compared in constant time.
 * @param header the header as it came, if any
 * @param secret what is expected; never empty
 */
export function hasBearer(header: string | undefined, secret: string): boolean {
  const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
  return token !== undefined && timingSafeEqual(digest(token), digest(secret));
}
