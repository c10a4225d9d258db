import type { ObjectKey } from '../../domain/ids.ts';
import { objectKey } from '../../domain/ids.ts';

/** Everything of ours lies below it: a bucket may hold other things. */
export const PREFIX = 'truthloop/';

/** Keys that every S3 server takes as they are. */
const PLAIN = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/;

/** A plain key is its own name; any other is written as %hex, which no plain key contains. */
export const nameOf = (key: ObjectKey): string =>
  `${PREFIX}${PLAIN.test(key) ? key : encodeURIComponent(key).replaceAll('.', '%2E')}`;

export function keyOf(name: string): ObjectKey {
  const key = name.slice(PREFIX.length);
  return objectKey(key.includes('%') ? decodeURIComponent(key) : key);
}
