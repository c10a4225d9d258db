import assert from 'node:assert/strict';

import { createChance } from '../../scripts/simulate/chance.ts';
import { labelsToTell, pairedDifference, verdictOn } from '../../src/estimate/paired-difference.ts';

const pairs = (onlyB: number, onlyA: number, same: number, pi = 1) => [
  ...Array.from({ length: onlyB }, () => ({ a: 0, b: 1, pi })),
  ...Array.from({ length: onlyA }, () => ({ a: 1, b: 0, pi })),
  ...Array.from({ length: same }, () => ({ a: 1, b: 1, pi })),
];

describe('the difference of two models on the same labels', () => {
  it('is what Agresti and Min give for equal weights', () => {
    // 6 and 2 of 20: (6 - 2) / 22 +- 1.96 sqrt((9 - 16/22) / 22^2), by hand.
    const { value, lower, upper } = pairedDifference(pairs(6, 2, 12));
    const half = 1.959963984540054 * (Math.sqrt(9 - 16 / 22) / 22);
    assert.ok(Math.abs(value - 0.2) < 1e-12);
    assert.ok(Math.abs(lower - (4 / 22 - half)) < 1e-12);
    assert.ok(Math.abs(upper - (4 / 22 + half)) < 1e-12);
  });

  it('does not hang on a common factor of the weights, and turns with the models', () => {
    const sample = [...pairs(9, 3, 20, 1), ...pairs(2, 4, 30, 0.25)];
    const scaled = sample.map((pair) => ({ ...pair, pi: pair.pi / 2 }));
    const turned = sample.map(({ a, b, pi }) => ({ a: b, b: a, pi }));
    const one = pairedDifference(sample);
    assert.ok(Math.abs(one.lower - pairedDifference(scaled).lower) < 1e-12);
    assert.ok(Math.abs(one.lower + pairedDifference(turned).upper) < 1e-12);
  });

  it('has a width where the models never differ, and where each prediction was labelled', () => {
    const { value, lower, upper } = pairedDifference(pairs(0, 0, 22));
    assert.equal(value, 0);
    assert.ok(lower < -0.05 && upper > 0.05);
    assert.throws(() => pairedDifference(pairs(1, 0, 0)), RangeError);
  });

  it('is judged by its interval alone', () => {
    assert.equal(verdictOn(pairedDifference(pairs(12, 1, 9))), 'better');
    assert.equal(verdictOn(pairedDifference(pairs(1, 12, 9))), 'worse');
    assert.equal(verdictOn(pairedDifference(pairs(3, 2, 17))), "can't tell yet");
  });

  it('says how many labels would tell: with so many, about four in five do', () => {
    const [gain, loss] = [0.09, 0.05];
    const first = pairedDifference(pairs(90, 50, 860));
    const needed = labelsToTell(first, gain - loss);
    assert.ok(needed > 500 && needed < 800, String(needed));
    const chance = createChance(5);
    let told = 0;
    for (let run = 0; run < 500; run += 1) {
      const sample = draw(chance, needed, gain, loss, () => 1);
      told += Number(verdictOn(pairedDifference(sample)) === 'better');
    }
    assert.ok(told / 500 > 0.74 && told / 500 < 0.88, String(told / 500));
  });

  for (const [name, labels, gain, loss, pi] of [
    ['equal weights, few labels', 25, 0.2, 0.1, () => 1],
    ['equal weights, a rare difference', 60, 0.03, 0.02, () => 1],
    ['doubtful ones labelled more often', 150, 0.12, 0.06, (hard: boolean) => (hard ? 1 : 0.2)],
    ['weights of every size', 200, 0.1, 0.1, (_: boolean, u: number) => 0.05 + 0.95 * u],
  ] as const)
    it(`holds the true difference 95 times in 100: ${name}`, () => {
      const chance = createChance(11);
      let held = 0;
      const runs = 2000;
      for (let run = 0; run < runs; run += 1) {
        const { lower, upper } = pairedDifference(draw(chance, labels, gain, loss, pi));
        held += Number(lower <= gain - loss && gain - loss <= upper);
      }
      assert.ok(held / runs > 0.93, `${held / runs}`);
    });
});

/** A sample as the design draws it: a unit comes with chance pi, until there are so many labels. */
function draw(
  chance: ReturnType<typeof createChance>,
  labels: number,
  gain: number,
  loss: number,
  piOf: (isHard: boolean, u: number) => number,
): { a: number; b: number; pi: number }[] {
  const sample = [];
  while (sample.length < labels) {
    const u = chance.uniform();
    const d = u < gain ? 1 : u < gain + loss ? -1 : 0;
    // Where the models differ, the one in service is unsure two times out of three.
    const isHard = chance.uniform() < (d === 0 ? 0.2 : 0.67);
    const pi = piOf(isHard, chance.uniform());
    if (chance.uniform() < pi) sample.push({ a: d === -1 ? 1 : 0, b: d === 1 ? 1 : 0, pi });
  }
  return sample;
}
