import assert from 'node:assert/strict';

import fc from 'fast-check';

import { createChance } from '../../scripts/simulate/chance.ts';
import { HISTOGRAM_BINS, histogramBin } from '../../src/domain/population.ts';
import { cohenKappa, fleissKappa, krippendorffAlpha } from '../../src/estimate/agreement.ts';
import { fitCalibrationMap } from '../../src/estimate/calibration-map.ts';
import {
  differenceOfEstimates,
  differenceOnSameTraffic,
  mcNemar,
  worseVersionEvalue,
} from '../../src/estimate/compare-versions.ts';
import { confidenceSequenceHalfWidth } from '../../src/estimate/confidence-sequence.ts';
import { dawidSkene } from '../../src/estimate/dawid-skene.ts';
import { chiSquareQuantile, chiSquareUpperTail } from '../../src/estimate/distributions.ts';
import {
  benjaminiHochberg,
  chiSquareTest,
  kolmogorovSmirnov,
  kolmogorovSmirnovOfCounts,
  mergeRareClasses,
  populationStabilityIndex,
  stabilityThreshold,
} from '../../src/estimate/drift.ts';
import { meanDiscrepancyTest } from '../../src/estimate/mean-discrepancy.ts';
import { reliabilityBins } from '../../src/estimate/reliability-bins.ts';
import { Z95 } from '../../src/estimate/wilson.ts';

const near = (actual: number, expected: number, tolerance = 1e-9): void => {
  assert.ok(Math.abs(actual - expected) <= tolerance, `expected ${expected}, got ${actual}`);
};

describe('the confidence sequence', function () {
  this.timeout(60_000);

  it('is wider than a fixed interval, and narrows with labels', () => {
    const at = (n: number): number => confidenceSequenceHalfWidth(n, 0.15 / n);
    for (const n of [20, 200, 2000]) assert.ok(at(n) > Z95 * Math.sqrt(0.15 / n));
    assert.ok(at(2000) < at(200) && at(200) < at(20));
  });

  it('holds at every look for 95 % of streams', () => {
    let broken = 0;
    for (let run = 0; run < 200; run += 1) {
      const chance = createChance(11, run);
      let right = 0;
      let isBroken = false;
      for (let n = 1; n <= 800; n += 1) {
        if (chance.uniform() < 0.8) right += 1;
        const mean = right / n;
        const half = confidenceSequenceHalfWidth(n, (mean * (1 - mean)) / n);
        if (n >= 30 && Math.abs(mean - 0.8) > half) isBroken = true;
      }
      if (isBroken) broken += 1;
    }
    assert.ok(broken <= 16, `${broken} of 200`);
  });
});

describe('two versions', () => {
  it('differ by what the disagreements say, scaled to the traffic', () => {
    const sample = [1, 1, -1, 0].map((d) => ({ d, pi: 0.5 }));
    const { value, lower, upper, labels } = differenceOnSameTraffic(sample, 40, 1000);
    near(value, 0.01);
    assert.ok(lower < value && value < upper);
    assert.equal(labels, 4);
  });

  it('on different traffic add their variances', () => {
    const { value, variance } = differenceOfEstimates(
      { value: 0.8, variance: 0.001, n: 100 },
      { value: 0.85, variance: 0.002, n: 50 },
    );
    near(value, 0.05);
    near(variance, 0.003);
  });

  it('get no chi-square from few discordant pairs', () => {
    assert.equal(mcNemar(5, 15).chiSquare, null);
    assert.equal(mcNemar(0, 0).exactP, 1);
    assert.ok((mcNemar(5, 30).chiSquare?.p ?? 1) < 0.001);
  });

  it('ring the alarm when the new one loses again and again', () => {
    assert.ok(worseVersionEvalue(30, 5) > 20);
    assert.ok(worseVersionEvalue(15, 15) < 1);
  });
});

describe('drift', () => {
  it('is the same from values and from counts of a histogram', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(9), { minLength: 1, maxLength: 50 }),
        fc.array(fc.nat(9), { minLength: 1, maxLength: 50 }),
        (x, y) => {
          const counts = (values: readonly number[]): Float64Array => {
            const bins = new Float64Array(10);
            for (const value of values) bins[value] = (bins[value] ?? 0) + 1;
            return bins;
          };
          const direct = kolmogorovSmirnov(x, y);
          const binned = kolmogorovSmirnovOfCounts(counts(x), counts(y));
          near(binned?.statistic ?? NaN, direct.statistic);
          near(binned?.p ?? NaN, direct.p);
        },
      ),
    );
  });

  it('joins rare classes before the chi-square test, and smooths empty cells of the index', () => {
    const merged = mergeRareClasses([50, 40, 1, 2], [45, 50, 2, 1]);
    assert.deepEqual(merged, { reference: [50, 40, 3], current: [45, 50, 3] });
    assert.equal(chiSquareTest(merged.reference, merged.current)?.df, 2);
    assert.equal(chiSquareTest([5, 0], [0, 0]), null);
    assert.ok(Number.isFinite(populationStabilityIndex([10, 0], [5, 5])));
  });

  it('of 5 % of comparisons exceeds the threshold of the index', () => {
    near(chiSquareUpperTail(chiSquareQuantile(0.95, 10), 10), 0.05);
    near(stabilityThreshold(500, 500, 11), 0.004 * 18.307038053275146, 1e-9);
  });

  it('gates several signals together', () => {
    assert.deepEqual(benjaminiHochberg([0.01, 0.04, 0.03, 0.5]), [true, false, false, false]);
    assert.deepEqual(benjaminiHochberg([0.01, 0.02, 0.03, 0.5]), [true, true, true, false]);
    assert.deepEqual(benjaminiHochberg([]), []);
  });

  it('of embeddings: a shift has a small p, the same distribution has not', () => {
    const chance = createChance(5);
    const rows = (shift: number): number[][] =>
      Array.from({ length: 40 }, () => [chance.normal() + shift, chance.normal()]);
    const orders = Array.from({ length: 99 }, () =>
      Array.from({ length: 80 }, (_, i) => ({ i, key: chance.uniform() }))
        .sort((a, b) => a.key - b.key)
        .map(({ i }) => i),
    );
    assert.equal(meanDiscrepancyTest(rows(0), rows(2), orders).p, 0.01);
    assert.ok(meanDiscrepancyTest(rows(0), rows(0), orders).p > 0.05);
  });
});

describe('several annotators', () => {
  it('agreement is null where only one class was ever used', () => {
    assert.equal(
      krippendorffAlpha([
        ['a', 'a'],
        ['a', 'a'],
      ]),
      null,
    );
    assert.equal(
      krippendorffAlpha([
        ['a', null],
        [null, 'b'],
      ]),
      null,
    );
    assert.equal(cohenKappa([['a', 'a']]), null);
    assert.equal(
      fleissKappa([
        [3, 0],
        [3, 0],
      ]),
      null,
    );
  });

  it('Fleiss wants the same number of answers for every task', () => {
    assert.throws(
      () =>
        fleissKappa([
          [3, 0],
          [1, 1],
        ]),
      RangeError,
    );
  });

  it('the order of answers changes nothing', () => {
    const item = fc.array(fc.constantFrom('a', 'b', null), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 10 }), (items) => {
        const turned = [...items].reverse().map((ratings) => [...ratings].reverse());
        const [alpha, other] = [krippendorffAlpha(items), krippendorffAlpha(turned)];
        if (alpha === null) assert.equal(other, null);
        else near(other ?? NaN, alpha);
      }),
    );
  });

  it('a careless annotator is outvoted by what the others show of him', () => {
    const rows = Array.from({ length: 30 }, (_, task) => {
      const truth = task % 2 === 0 ? 'a' : 'b';
      const other = truth === 'a' ? 'b' : 'a';
      const answers = [truth, task < 28 ? truth : other, task % 3 === 0 ? truth : other];
      return answers.map((answer, w) => ({ task: `t${task}`, annotator: `w${w}`, answer }));
    }).flat();
    const { posterior, errors } = dawidSkene(rows, ['a', 'b']);
    assert.ok((posterior.get('t28')?.['a'] ?? 0) > 0.5);
    assert.ok((errors.get('w2')?.['a']?.['a'] ?? 1) < 0.6);
  });
});

describe('calibration', () => {
  it('the map of older labels rises, and needs 50 of them', () => {
    const chance = createChance(3);
    const sample = Array.from({ length: 400 }, () => {
      const m = chance.uniform();
      return { m, a: chance.uniform() < m * m ? 1 : 0, pi: 0.5 };
    });
    assert.equal(fitCalibrationMap(sample.slice(0, 49)), null);
    const map = fitCalibrationMap(sample);
    assert.ok(map !== null);
    const grid = Array.from({ length: 101 }, (_, i) => map(i / 100));
    grid.forEach((value, i) => {
      assert.ok(value >= (grid[i - 1] ?? 0));
    });
    near(map(0.7), 0.49, 0.12);
  });

  it('bins hold equal traffic and at least 5 labels each', () => {
    const chance = createChance(4);
    const histogram = new Float64Array(HISTOGRAM_BINS);
    for (let i = 0; i < 10_000; i += 1) {
      const bin = histogramBin(chance.uniform());
      histogram[bin] = (histogram[bin] ?? 0) + 1;
    }
    const sample = Array.from({ length: 100 }, () => {
      const m = chance.uniform();
      return { m, a: chance.uniform() < m ? 1 : 0, pi: 0.01 };
    });
    const { bins } = reliabilityBins(sample, histogram);
    near(
      bins.reduce((sum, { share }) => sum + share, 0),
      1,
    );
    for (const { accuracy, from, to } of bins) {
      assert.ok((accuracy?.labels ?? 0) >= 5);
      assert.ok(from < to);
    }
    assert.deepEqual(reliabilityBins(sample.slice(0, 9), histogram).bins, []);
  });
});
