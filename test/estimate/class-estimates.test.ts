import assert from 'node:assert/strict';

import { estimate, made, times } from './made-window.ts';

const near = (actual: number | null | undefined, expected: number): void => {
  assert.ok(
    actual !== null && actual !== undefined && Math.abs(actual - expected) < 1e-9,
    `expected ${expected}, got ${String(actual)}`,
  );
};

describe('estimates per class', () => {
  const predictions = [
    ...times(8, { pi: 1 }),
    ...times(2, { pi: 1, trueClass: 'rice' }),
    ...times(6, { pi: 1, predictedClass: 'rice', trueClass: 'rice' }),
    ...times(2, { pi: 1, predictedClass: 'rice', trueClass: 'None of these' }),
  ];

  it('give precision, recall and F1 where 5 labels stand behind each', () => {
    const { classes, macroF1 } = estimate(predictions);
    const [egg, rice, soup] = classes;
    near(egg?.precision?.value, 0.8);
    near(egg?.recall?.value, 1);
    near(egg?.f1?.value, 16 / 18);
    near(rice?.precision?.value, 0.75);
    near(rice?.recall?.value, 0.75);
    assert.equal(soup?.precision, null);
    assert.equal(soup.recall, null);
    assert.equal(macroF1?.classes, 2);
    near(macroF1.value, (16 / 18 + 0.75) / 2);
  });

  it('scale the confusion matrix to the traffic of each predicted class', () => {
    const { confusion } = estimate([
      ...predictions,
      ...times(10, { pi: 1, decision: { pi: 0.5, q: 0.5, isSelected: false, isRandom: false } }),
    ]);
    near(confusion['egg']?.['egg'], 16);
    near(confusion['rice']?.['egg'], 4);
    near(confusion['None of these']?.['rice'], 2);
  });

  it('say what flags are worth', () => {
    const { feedback } = estimate([
      ...times(6, { pi: 1, isDisputed: true, trueClass: 'soup' }),
      ...times(2, { pi: 1, isDisputed: true }),
      ...times(6, { pi: 1, trueClass: 'soup' }),
      ...times(20, { pi: 1 }),
    ]);
    near(feedback.flagPrecision?.value, 0.75);
    near(feedback.flagRecall?.value, 0.5);
    assert.equal(feedback.correctionRight, null);
  });

  it('are absent with nothing labelled', () => {
    const { classes, macroF1, confusion } = estimate([made({ outcome: 'open' })]);
    assert.ok(
      classes.every(
        ({ precision, recall, f1 }) => precision === null && recall === null && f1 === null,
      ),
    );
    assert.equal(macroF1, null);
    assert.deepEqual(confusion, {});
  });
});
