import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';

import { ObjectStoreUnavailable } from '../../src/domain/errors.ts';
import { objectKey } from '../../src/domain/ids.ts';
import { copyObjects } from '../../src/operate/copy-objects.ts';
import type { ObjectStore } from '../../src/ports/object-store.ts';

/** More than are copied at once. */
const KEYS = Array.from({ length: 12 }, (_, index) => objectKey(`object-${index}`));

describe('copying every object', () => {
  const unused = () => Promise.reject(new Error('not asked here'));
  const rest = { get: unused, put: unused, has: unused, delete: unused, close: unused };
  const copy = (list: ObjectStore['list'], put: ObjectStore['put']): Promise<number> =>
    copyObjects(
      { ...rest, list, get: () => Promise.resolve(Buffer.from('x')) },
      { ...rest, list, put },
      () => undefined,
    );

  for (const last of [3, 8])
    it(`fails when a copy fails while the next key after ${last + 1} is waited for`, async () => {
      let fail = (): void => undefined;
      const failed = new Promise<never>((_, reject) => {
        fail = () => {
          reject(new ObjectStoreUnavailable('The disk is full.'));
        };
      });
      const copying = copy(
        async function* () {
          for (const [index, key] of KEYS.entries()) {
            yield { key, writtenAt: 0 };
            if (index !== last) continue;
            fail();
            await setImmediate();
          }
        },
        (key) => (key === KEYS[2] ? failed : Promise.resolve()),
      );
      await assert.rejects(copying, ObjectStoreUnavailable);
    });
});
