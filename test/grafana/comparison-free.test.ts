import assert from 'node:assert/strict';

import { comparisonFree } from './comparison-free.ts';

describe('comparisonFree', () => {
  it('keeps what stands left of each comparison, through and, or, unless and parentheses', () => {
    assert.deepEqual(comparisonFree('a{x="> 1"} > 3'), ['a{x="> 1"}']);
    assert.deepEqual(comparisonFree('(a < scalar(b)) and c >= 50'), ['a', 'c']);
    assert.deepEqual(comparisonFree('(rate(a[5m]) / rate(b[5m])) > 0.1 or d == 0'), [
      '(rate(a[5m]) / rate(b[5m]))',
      'd',
    ]);
    assert.deepEqual(comparisonFree('up == 1 unless on (job) e'), ['up', 'e']);
  });
});
