import assert from 'node:assert/strict';

import fc from 'fast-check';

import { softmax } from '../../src/classify/softmax.ts';
import { topClass } from '../../src/classify/top-class.ts';

const logits = fc.array(fc.double({ min: -1e4, max: 1e4, noNaN: true }), {
  minLength: 1,
  maxLength: 30,
});

describe('softmax', () => {
  it('gives probabilities that sum to 1, however large the logits', () => {
    fc.assert(
      fc.property(logits, (values) => {
        const probabilities = softmax(values);
        const sum = probabilities.reduce((a, b) => a + b, 0);
        assert.ok(Math.abs(sum - 1) < 1e-9 && probabilities.every((p) => p >= 0 && p <= 1));
      }),
    );
  });
  it('does not change when the same number is added to every logit', () => {
    const [a = 0, b = 0] = softmax([1, 3]);
    const [c = 0, d = 0] = softmax([101, 103]);
    assert.ok(Math.abs(a - c) < 1e-12 && Math.abs(b - d) < 1e-12);
  });
  it('agrees with a case worked by hand', () => {
    const [a = 0, b = 0] = softmax([0, Math.log(3)]);
    assert.ok(Math.abs(a - 0.25) < 1e-12 && Math.abs(b - 0.75) < 1e-12);
  });
});

describe('the top class', () => {
  it('is the likeliest one, with its probability', () => {
    assert.deepEqual(topClass([0.2, 0.5, 0.3], ['a', 'b', 'c']), {
      predictedClass: 'b',
      confidence: 0.5,
    });
  });
  it('is the first of equals', () => {
    assert.equal(topClass([0.4, 0.4, 0.2], ['a', 'b', 'c']).predictedClass, 'a');
  });
});
