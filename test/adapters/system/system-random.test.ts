import assert from 'node:assert/strict';

import { systemRandom } from '../../../src/adapters/system/system-random.ts';

describe('system random', () => {
  it('gives ids that never repeat and need no escaping in an address', () => {
    const ids = Array.from({ length: 1000 }, () => systemRandom.id());
    assert.equal(new Set(ids).size, 1000);
    for (const id of ids) assert.match(id, /^[\w-]{22}$/);
  });

  it('gives numbers in [0, 1)', () => {
    for (let i = 0; i < 1000; i += 1) {
      const value = systemRandom.uniform();
      assert.ok(value >= 0 && value < 1);
    }
  });
});
