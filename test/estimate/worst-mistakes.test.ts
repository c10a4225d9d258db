import assert from 'node:assert/strict';

import { predictionId } from '../../src/domain/ids.ts';
import type { Unit } from '../../src/domain/unit.ts';
import { worstMistakes } from '../../src/estimate/worst-mistakes.ts';

const unit = (id: string, confidence: number, outcome: Unit['outcome']): Unit => ({
  predictionId: predictionId(id),
  at: 0,
  segment: '',
  predictedClass: 'circle',
  confidence,
  probabilities: null,
  isLowConfidence: false,
  isDisputed: false,
  pi: 1,
  q: 1,
  isRandom: true,
  hasFlag: false,
  correction: null,
  outcome,
  answers: [],
});
const labelled = (...classes: readonly string[]): Unit['outcome'] => ({
  state: 'labelled',
  shares: Object.fromEntries(classes.map((name) => [name, 1 / classes.length])),
});

describe('the worst mistakes of a window', () => {
  it('are the wrong answers of which the model was surest, surest first', () => {
    const found = worstMistakes([
      unit('mild', 0.5, labelled('square')),
      unit('right', 0.99, labelled('circle')),
      unit('open', 0.98, { state: 'open' }),
      unit('half right', 0.97, labelled('circle', 'square')),
      unit('bold', 0.9, labelled('square', 'star')),
    ]);
    assert.deepEqual(
      found.map((one) => [one.predictionId, one.trueClass]),
      [
        ['bold', 'square or star'],
        ['mild', 'square'],
      ],
    );
  });

  it('are at most twelve, however many there are', () => {
    const many = Array.from({ length: 40 }, (_, index) =>
      unit(`u${index}`, index / 40, labelled('square')),
    );
    const found = worstMistakes(many);
    assert.equal(found.length, 12);
    assert.equal(found[0]?.predictionId, 'u39');
  });
});
