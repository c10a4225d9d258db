import assert from 'node:assert/strict';

import fc from 'fast-check';

import {
  OVERLAP_PURPOSE,
  permanentRandomNumber,
} from '../../src/select/permanent-random-number.ts';

const key = Buffer.from('a sampling key of some length');

describe('the permanent random number', () => {
  it('is the same for ever and lies in [0, 1)', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        const u = permanentRandomNumber(key, id);
        assert.ok(u >= 0 && u < 1);
        assert.equal(permanentRandomNumber(key, id), u);
      }),
    );
  });

  it('is another one for another purpose and another key', () => {
    const u = permanentRandomNumber(key, 'id');
    assert.notEqual(permanentRandomNumber(key, 'id', OVERLAP_PURPOSE), u);
    assert.notEqual(permanentRandomNumber(Buffer.from('another key'), 'id'), u);
  });

  it('is spread evenly', () => {
    const bins = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i += 1) {
      const bin = Math.floor(permanentRandomNumber(key, `id-${i}`) * 10);
      bins[bin] = (bins[bin] ?? 0) + 1;
    }
    // 1000 expected, standard deviation 30.
    for (const count of bins) assert.ok(Math.abs(count - 1000) < 150, `bins ${bins.join(' ')}`);
  });
});
