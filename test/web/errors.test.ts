import assert from 'node:assert/strict';

import { Conflict, RequestUnderWay, StoreUnavailable } from '../../src/domain/errors.ts';
import { faultOf } from '../../src/web/errors.ts';

describe('answers to failed requests', () => {
  it('clients that are put off together do not all come back in the same second', () => {
    const drawn = Array.from({ length: 200 }, () => faultOf(new StoreUnavailable('away')));
    const seconds = new Set(drawn.map(({ retryAfterSeconds }) => retryAfterSeconds));
    assert.deepEqual([...seconds].sort(), [2, 3, 4]);
  });

  it('say when to come back only where waiting helps', () => {
    assert.equal(faultOf(new Conflict('there already')).retryAfterSeconds, null);
    assert.notEqual(faultOf(new RequestUnderWay('a moment')).retryAfterSeconds, null);
  });
});
