import assert from 'node:assert/strict';

import fc from 'fast-check';

import { pastEstimate } from '../../src/domain/estimate.ts';
import { modelVersion, predictionId } from '../../src/domain/ids.ts';
import type { StoredPrediction } from '../../src/domain/prediction.ts';
import { wilson } from '../../src/estimate/wilson.ts';
import { accuracyDetail } from '../../src/web/accuracy-detail.ts';
import { historyChart } from '../../src/web/charts/history-chart.ts';
import { reliabilityChart } from '../../src/web/charts/reliability-chart.ts';
import { ratioRange } from '../../src/web/charts/scale.ts';
import { differenceOf, differenceWords, shareOf } from '../../src/web/compare-accuracy.ts';
import { createImageLinks } from '../../src/web/image-links.ts';
import { readHistory } from '../../src/web/read-history.ts';
import { shownMistakes } from '../../src/web/worst-mistakes.ts';
import { estimate, unlabelled } from './estimates.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NOW = Date.parse('2026-11-22T10:00:00Z');
const plain = (words: string): string => words.replaceAll('\u00a0', ' ');

describe('the details of an estimate', () => {
  it("agree with Newcombe's published example of a difference: 56/70 against 48/80", () => {
    const { value, lower, upper } = differenceOf(shareOf(56, 70), shareOf(48, 80));
    assert.ok(Math.abs(value - 0.2) < 1e-12);
    assert.ok(Math.abs(lower - 0.0524) < 5e-5, String(lower));
    assert.ok(Math.abs(upper - 0.3339) < 5e-5, String(upper));
  });

  it('call a difference one only when its interval leaves out nought', () => {
    assert.match(differenceWords({ value: 0.2, lower: 0.05, upper: 0.3 }), /: higher$/);
    assert.match(differenceWords({ value: -0.2, lower: -0.3, upper: -0.05 }), /^−20\.0 .*: lower$/);
    assert.match(differenceWords({ value: 0.1, lower: -0.1, upper: 0.3 }), /no difference/);
  });

  it('say "too few labels" where there is no interval, for classes and segments alike', () => {
    const { classes, segments } = accuracyDetail(estimate());
    assert.deepEqual(
      classes.map(({ marks }) => plain(marks[0]!.words)),
      ['85 % (75 to 92 %)', 'too few labels'],
    );
    assert.equal(segments[1]!.marks[0]!.words, 'too few labels');
    assert.equal(segments[1]!.marks[0]!.mark, null);
  });

  it('give "None of these" a row of its own in the confusion matrix, and no column', () => {
    const { confusion, predictedClasses } = accuracyDetail(estimate());
    assert.deepEqual(predictedClasses, ['circle', 'square']);
    assert.equal(confusion[2]!.trueClass, 'None of these');
    assert.ok(confusion[2]!.cells.every(({ isRight }) => !isRight));
  });

  it('order the rows of the confusion matrix as its columns, whatever was labelled first', () => {
    const { confusion } = accuracyDetail(
      estimate({
        confusion: {
          square: { square: 3 },
          'None of these': { circle: 1 },
          circle: { circle: 4, square: 1 },
        },
      }),
    );
    assert.deepEqual(
      confusion.map(({ trueClass }) => trueClass),
      ['circle', 'square', 'None of these'],
    );
    assert.ok(confusion[0]!.cells[0]!.isRight && confusion[1]!.cells[1]!.isRight);
  });

  it('say in words what is not known yet', () => {
    const detail = accuracyDetail(
      estimate({ agreement: null, calibration: { ...estimate().calibration!, temperature: null } }),
    );
    assert.match(detail.agreement, /too few photos were answered by two people/);
    assert.match(new Map(detail.calibration).get('Temperature')!, /needs 50 labels/);
  });

  const wantedAfter = (accuracy: number, effectiveLabels: number, labels = effectiveLabels) => {
    const [lower, upper] = wilson(accuracy, effectiveLabels);
    return accuracyDetail(estimate({ accuracy, lower, upper, effectiveLabels, labels }))
      .labelsWanted;
  };

  it('tell how many more labels bring plus or minus two points, from how the labels so far did', () => {
    // z^2 p (1 - p) / 0.02^2 = 1599.4 equal labels, p = (80 + z^2 / 2) / (100 + z^2); each so far counted half.
    assert.equal(wantedAfter(0.8, 100, 200), 'about 2999');
    assert.match(wantedAfter(0.99, 1000), /^none/);
    assert.match(accuracyDetail(unlabelled()).labelsWanted, /too few labels/);
  });

  it('ask for more labels just as long as the interval is wider, also where all were right or all wrong', () => {
    // p = 0.8788: 1023.2 equal labels, less the 12.
    assert.equal(wantedAfter(1, 12), 'about 1012');
    const accuracy = fc.oneof(fc.constantFrom(0, 1), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(accuracy, fc.double({ min: 1, max: 5000, noNaN: true }), (value, size) => {
        const [lower, upper] = wilson(value, size);
        const expected = (upper - lower) / 2 <= 0.02 ? /^none/ : /^about [1-9]/;
        assert.match(wantedAfter(value, size), expected);
      }),
    );
  });

  it('ask for none once everything is labelled', () => {
    const census = estimate({ accuracy: 0.8, lower: 0.8, upper: 0.8, effectiveLabels: 40 });
    assert.match(accuracyDetail(census).labelsWanted, /^none/);
  });

  it('say how far off the naive mean is, and why', () => {
    assert.match(
      accuracyDetail(estimate()).naiveGap ?? '',
      /27\.0 points lower: .*unequal chances/,
    );
    assert.equal(accuracyDetail(unlabelled()).naiveGap, null);
  });

  it('draw nothing where nothing has a value', () => {
    assert.equal(historyChart([unlabelled()], { offline: null, target: 0.8 }), null);
    assert.equal(reliabilityChart([]), null);
  });

  it('name the time once where all there is was estimated within a minute', () => {
    const chart = historyChart([estimate({ asOf: NOW })], { offline: null, target: 0.8 })!;
    assert.deepEqual(
      chart.xTicks.map(({ words }) => words),
      ['10:00'],
    );
  });

  it('show the interval and the share answered of a first estimate, too: as wide as can be seen', () => {
    const chart = historyChart([estimate({ asOf: NOW })], { offline: null, target: 0.8 })!;
    const widthOf = (path: string): number => {
      const xs = [...path.matchAll(/[ML]([\d.]+) /g)].map(([, x]) => Number(x));
      return Math.max(...xs) - Math.min(...xs);
    };
    assert.ok(widthOf(chart.band) > 10 && widthOf(chart.maturity) > 10, chart.band);
    const [point] = chart.points;
    assert.ok(Number(point!.x) > chart.left + 100 && Number(point!.x) < chart.right - 100);
  });

  it('draw every estimate that has a value, inside the frame', () => {
    const history = [1, 2, 3].map((day) => estimate({ asOf: NOW - (4 - day) * DAY_MS }));
    const chart = historyChart([...history, unlabelled({ asOf: NOW })], {
      offline: 0.5,
      target: 0.8,
    })!;
    assert.equal(chart.points.length, 3);
    for (const { x, y } of chart.points) {
      assert.ok(Number(x) >= chart.left && Number(x) <= chart.right);
      assert.ok(Number(y) >= 0 && Number(y) <= chart.height);
    }
    assert.ok(!/NaN|Infinity/.test(JSON.stringify(chart)));
  });

  it('choose an axis that holds all values, within 0 to 1, with a readable number of ticks', () => {
    const ratio = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(ratio, { minLength: 1, maxLength: 20 }), (values) => {
        const { range, ticks } = ratioRange(values);
        assert.ok(range[0] >= 0 && range[1] <= 1);
        assert.ok(values.every((value) => value >= range[0] - 1e-9 && value <= range[1] + 1e-9));
        assert.ok(ticks.length >= 2 && ticks.length <= 8, `${ticks.length} ticks`);
      }),
    );
  });

  it('draw at most a hundred estimates of a month, the newest among them, oldest first', async () => {
    const store = {
      // One an hour, and one every half minute of the last three hours, as a sync leaves them.
      estimateHistory: (_version: unknown, _window: unknown, from: number, to: number) =>
        Promise.resolve(
          [
            ...Array.from({ length: 24 * 40 }, (_, index) => NOW - (24 * 40 - index) * HOUR_MS),
            ...Array.from({ length: 360 }, (_, index) => NOW - (359 - index) * 30_000),
          ]
            .filter((asOf) => asOf >= from && asOf < to)
            .toSorted((a, b) => a - b)
            .map((asOf) => pastEstimate(estimate({ asOf }))),
        ),
    };
    const history = await readHistory(store, modelVersion('v'), '7d', { since: 0, now: NOW });
    const times = history.map(({ asOf }) => asOf);
    assert.equal(times.length, 100);
    assert.equal(times.at(-1), NOW);
    assert.ok((times[0] ?? 0) >= NOW - 30 * DAY_MS);
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    );
  });

  it('show the wrong answers with their pictures, and none whose picture is gone', async () => {
    const mistake = (id: string) => ({
      predictionId: predictionId(id),
      predictedClass: 'circle',
      confidence: 0.9,
      trueClass: 'square',
    });
    const store = {
      findPrediction: (id: string) =>
        Promise.resolve(id === 'erased' ? null : ({} as StoredPrediction)),
    };
    const imageLinks = createImageLinks({ publicUrl: '', keys: ['a key of this test'], days: 1 });
    const mistakes = ['bold', 'erased', 'mild'].map(mistake);
    const found = await shownMistakes({ store, imageLinks }, mistakes, NOW);
    assert.deepEqual(
      found.map(({ id }) => id),
      ['bold', 'mild'],
    );
    assert.match(found[0]!.imagePath, /^\/images\/bold\?/);
  });
});
