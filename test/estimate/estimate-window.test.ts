import assert from 'node:assert/strict';

import fc from 'fast-check';

import { unitsOf, windowInput } from '../../scripts/simulate/simulated-window.ts';
import { HISTOGRAM_BINS, histogramBin } from '../../src/domain/population.ts';
import { NONE_OF_THESE } from '../../src/domain/prediction.ts';
import { estimateWindow } from '../../src/estimate/estimate-window.ts';
import { tunedDifference } from '../../src/estimate/tuned-difference.ts';
import { anyPrediction, CLASSES, estimate, made, times, WINDOW } from './made-window.ts';
import { DAY_START } from './moments.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const near = (actual: number | null | undefined, expected: number, tolerance = 1e-9): void => {
  assert.ok(
    actual !== null && actual !== undefined && Math.abs(actual - expected) <= tolerance,
    `expected ${expected}, got ${String(actual)}`,
  );
};

describe('the accuracy of a window: laws', function () {
  // Many whole windows per law: seconds on a busy machine.
  this.timeout(60_000);

  it('a census gives back the exact accuracy, without width, and its weights sum to N', () => {
    fc.assert(
      fc.property(fc.array(anyPrediction, { minLength: 5, maxLength: 60 }), (predictions) => {
        const all = predictions.map((item) => ({
          ...item,
          outcome: 'labelled' as const,
          decision: { pi: 1, q: 1, isSelected: true, isRandom: true },
        }));
        const right = all.filter((item) => item.trueClass === item.predictedClass).length;
        const { accuracy, lower, upper, kish, predictions: count } = estimate(all);
        near(accuracy, right / all.length);
        near(lower, right / all.length);
        near(upper, right / all.length);
        near(kish, all.length);
        assert.equal(count, all.length);
      }),
    );
  });

  it('every interval contains its estimate and lies in [0, 1]', () => {
    fc.assert(
      fc.property(fc.array(anyPrediction, { maxLength: 150 }), (predictions) => {
        const result = estimate(predictions);
        const { accuracy: value, lower, upper } = result;
        const intervals = [
          ...(value === null || lower === null || upper === null ? [] : [{ value, lower, upper }]),
          result.random,
          result.macroF1,
          ...result.classes.flatMap(({ precision, recall, f1 }) => [precision, recall, f1]),
        ];
        const { bounds } = result;
        assert.ok(
          bounds === null || (bounds.lower >= 0 && bounds.upper <= 1),
          JSON.stringify(bounds),
        );
        for (const interval of intervals) {
          if (interval === null) continue;
          assert.ok(interval.lower >= 0 && interval.upper <= 1, JSON.stringify(interval));
          assert.ok(
            interval.lower <= interval.value && interval.value <= interval.upper,
            JSON.stringify(interval),
          );
        }
      }),
    );
  });

  it('the order of units and counts changes nothing', () => {
    fc.assert(
      fc.property(fc.array(anyPrediction, { minLength: 20, maxLength: 100 }), (predictions) => {
        const input = windowInput(predictions, WINDOW, { classes: CLASSES });
        const forward = estimateWindow(input);
        const backward = estimateWindow({
          ...input,
          units: [...input.units].reverse(),
          blocks: [...input.blocks].reverse(),
        });
        assert.equal(backward.labels, forward.labels);
        if (forward.accuracy === null) assert.equal(backward.accuracy, null);
        else {
          near(backward.accuracy, forward.accuracy);
          near(backward.lower, forward.lower ?? NaN);
          near(backward.upper, forward.upper ?? NaN);
        }
      }),
    );
  });

  it('a merged window is the estimate of the pooled units', () => {
    fc.assert(
      fc.property(fc.array(anyPrediction, { minLength: 10, maxLength: 80 }), (predictions) => {
        const middle = DAY_START + 3 * DAY;
        const input = windowInput(predictions, WINDOW, { classes: CLASSES });
        const parts = [
          windowInput(
            predictions.filter(({ at }) => at < middle),
            WINDOW,
          ),
          windowInput(
            predictions.filter(({ at }) => at >= middle),
            WINDOW,
          ),
        ];
        const merged = estimateWindow({
          ...input,
          units: parts.flatMap(({ units }) => units),
          blocks: parts.flatMap(({ blocks }) => blocks),
        });
        const pooled = estimateWindow(input);
        assert.equal(merged.predictions, pooled.predictions);
        if (pooled.accuracy === null) assert.equal(merged.accuracy, null);
        else near(merged.accuracy, pooled.accuracy);
      }),
    );
  });

  it('doubling all labels narrows the interval', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 60 }),
        fc.integer({ min: 0, max: 60 }),
        fc.double({ min: 0.05, max: 0.9, noNaN: true }),
        (right, wrong, pi) => {
          const predictions = [
            ...times(right, { pi }),
            ...times(wrong, { pi, trueClass: 'soup', confidence: 0.4 }),
          ];
          const width = (all: typeof predictions): number => {
            const { lower, upper } = estimate(all);
            return (upper ?? 1) - (lower ?? 0);
          };
          assert.ok(width([...predictions, ...predictions]) < width(predictions));
        },
      ),
    );
  });

  it('the population cells stand for the single predictions within 1.4 % of the variance', () => {
    fc.assert(
      fc.property(fc.array(anyPrediction, { minLength: 60, maxLength: 200 }), (predictions) => {
        const all = predictions.map((item) => ({ ...item, outcome: 'labelled' as const }));
        const result = estimate(all);
        fc.pre(result.accuracy !== null && result.labels >= 20);
        const exact = tunedDifference(
          unitsOf(all).map((unit) => ({
            a:
              unit.outcome.state === 'labelled'
                ? (unit.outcome.shares[unit.predictedClass] ?? 0)
                : 0,
            m: unit.confidence,
            pi: unit.pi,
          })),
          {
            size: all.length,
            meanProxy: all.reduce((sum, { confidence }) => sum + confidence, 0) / all.length,
            spread: all.map(({ decision, confidence }) => ({
              weight: 1 / (decision?.pi ?? 1) - 1,
              meanProxy: confidence,
            })),
          },
        );
        near(result.accuracy, exact.value);
        near((result.effectiveLabels ?? 0) / exact.effective, 1, 0.014);
      }),
    );
  });
});

describe('the accuracy of a window: what counts', () => {
  it('weighs each label by 1/pi, unlike the naive mean', () => {
    const predictions = [
      ...times(20, { pi: 0.1 }),
      ...times(20, { pi: 1, trueClass: 'soup' }),
      // Those that were not drawn.
      ...times(180, { pi: 0.1, decision: { pi: 0.1, q: 0.1, isSelected: false, isRandom: false } }),
    ];
    const { accuracy, naive } = estimate(predictions);
    near(naive, 0.5);
    near(accuracy, 200 / 220);
  });

  it('weighs the random part by its own rates', () => {
    const { random, naive } = estimate([
      ...times(20, { pi: 0.5, q: 0.1 }),
      ...times(20, { pi: 1, q: 1, trueClass: 'soup' }),
    ]);
    near(random?.value, 200 / 220);
    near(naive, 0.5);
  });

  it('goes by the time of the prediction: a window holds its own hours only', () => {
    const input = windowInput(times(6, {}), WINDOW);
    const others = [WINDOW.from - HOUR, WINDOW.to].flatMap((at) => times(9, { at }));
    const units = [...input.units, ...unitsOf(others)];
    assert.equal(estimateWindow({ ...input, units }).labels, 6);
  });

  it('takes a skipped task neither as wrong nor as right', () => {
    const { accuracy, skipped, coverage, maturity } = estimate([
      ...times(10, {}),
      ...times(10, { outcome: 'skipped' }),
    ]);
    near(accuracy, 1);
    assert.equal(skipped, 10);
    near(coverage, 0.5);
    near(maturity, 1);
  });

  it('takes "None of these" as wrong, in a row of its own', () => {
    const { accuracy, confusion } = estimate([
      ...times(10, {}),
      ...times(10, { trueClass: NONE_OF_THESE }),
    ]);
    near(accuracy, 0.5);
    near(confusion[NONE_OF_THESE]?.['egg'], 10);
  });

  it('counts a tie that nobody broke by its vote share', () => {
    const input = windowInput(times(10, {}), WINDOW);
    const units = input.units.map((unit) => ({
      ...unit,
      outcome: { state: 'labelled' as const, shares: { egg: 0.5, soup: 0.5 } },
    }));
    near(estimateWindow({ ...input, units }).accuracy, 0.5);
  });

  it('leaves undecided predictions out of the estimate and in the count', () => {
    const decided = times(20, { confidence: 0.9 });
    const { accuracy, predictions } = estimate([
      ...decided,
      ...times(50, { decision: null, confidence: 0.1 }),
    ]);
    assert.equal(predictions, 70);
    near(accuracy, estimate(decided).accuracy ?? NaN);
  });

  it('is absent under 5 labels and not reliable under 10 or while many tasks are open', () => {
    assert.equal(estimate(times(4, {})).accuracy, null);
    assert.equal(estimate(times(4, {})).random, null);
    assert.equal(estimate([]).accuracy, null);
    assert.equal(estimate(times(9, {})).reliable, false);
    assert.equal(estimate(times(10, {})).reliable, true);
    assert.equal(estimate([...times(10, {}), ...times(3, { outcome: 'open' })]).reliable, false);
  });

  it('is never without width when all labels agree and not all are labelled', () => {
    const { accuracy, lower, upper } = estimate(times(30, { pi: 0.2 }));
    assert.equal(accuracy, 1);
    assert.equal(upper, 1);
    assert.ok(lower !== null && lower < 0.95 && lower > 0.8);
  });

  it('uses the random part alone where annotators saw the prediction', () => {
    const predictions = [
      ...times(20, { pi: 0.5, q: 0.1 }),
      ...times(20, { pi: 1, q: 1, trueClass: 'soup' }),
      ...times(20, { decision: { pi: 1, q: 0.1, isSelected: true, isRandom: false } }),
    ];
    const { accuracy, method, random } = estimate(predictions, { isAnchored: true });
    assert.equal(method, 'random_part');
    assert.equal(accuracy, random?.value);
  });

  it('lets no label count beside the random part where annotators saw the prediction', () => {
    const predictions = [
      ...times(8, { pi: 0.5, q: 0.1 }),
      ...times(12, { pi: 0.5, q: 0.1, trueClass: 'soup' }),
      ...times(100, {
        isDisputed: true,
        segment: 'phone',
        decision: { pi: 1, q: 0.1, isSelected: true, isRandom: false },
      }),
    ];
    const histogram = new Float64Array(HISTOGRAM_BINS);
    histogram[histogramBin(0.8)] = predictions.length;
    const found = estimate(predictions, {
      days: [{ from: DAY_START, histogram, classProbabilities: {} }],
      isAnchored: true,
    });
    assert.equal(found.labels, 20);
    near(found.accuracy, 0.4);
    const [egg] = found.classes;
    const { accuracy: value, lower, upper, labels } = found;
    assert.equal(egg?.labels, 8);
    assert.deepEqual(egg.precision, { value, lower, upper, labels });
    near(found.macroF1?.value, (2 * 0.4) / 1.4 / 2);
    near(found.confusion['soup']?.['egg'], 0.6 * predictions.length);
    assert.deepEqual(
      found.segments.map(({ segment, labels, accuracy }) => [segment, labels, accuracy]),
      [['phone', 0, null]],
    );
    near(found.calibration?.brier, 0.4 * 0.2 ** 2 + 0.6 * 0.8 ** 2);
    assert.equal(found.feedback.flagPrecision, null);
    near(found.bounds?.upper, 0.4);
    // What is left to do is told of all tasks, whose labels count or not.
    near(found.coverage, 1);
    assert.equal(found.responses[2]?.labelled, 100);
  });

  it('is not reliable while the random part waits, where annotators saw the prediction', () => {
    const anchored = { decision: { pi: 1, q: 0.1, isSelected: true, isRandom: false } };
    const predictions = [
      ...times(10, { pi: 0.5 }),
      ...times(10, { pi: 0.5, outcome: 'open' }),
      ...times(200, anchored),
    ];
    assert.equal(estimate(predictions, { isAnchored: true }).reliable, false);
    assert.equal(estimate(predictions).reliable, true);
  });

  it('measures agreement without those who saw the prediction', () => {
    const input = windowInput(times(20, {}), WINDOW, { isAnchored: true });
    const twice = (...given: readonly string[]) =>
      given.map((answer, index) => ({ annotator: String(index), answer }));
    const units = input.units.map((unit, index) =>
      index < 10
        ? { ...unit, answers: index % 2 === 0 ? twice('egg', 'soup') : twice('soup', 'egg') }
        : {
            ...unit,
            isRandom: false,
            answers: index % 2 === 0 ? twice('egg', 'egg') : twice('soup', 'soup'),
          },
    );
    const { agreement } = estimateWindow({ ...input, units });
    assert.ok(agreement !== null && agreement < 0, String(agreement));
  });

  it('says when the default and the random part contradict each other', () => {
    const agreeing = estimate(times(50, {}));
    assert.equal(agreeing.disagrees, false);
    const contradicting = estimate([
      ...times(60, { pi: 0.5, q: 0.5, trueClass: 'soup' }),
      ...times(200, { decision: { pi: 0.5, q: 0.01, isSelected: true, isRandom: false } }),
    ]);
    assert.equal(contradicting.disagrees, true);
  });

  it('bounds what is not answered by all wrong and all right', () => {
    const { bounds } = estimate([
      ...times(6, {}),
      ...times(2, { trueClass: 'soup' }),
      ...times(2, { outcome: 'open' }),
    ]);
    near(bounds?.lower, 0.6);
    near(bounds?.upper, 0.8);
  });

  it('bounds by exactly 1 where no known answer was wrong, whatever the weights', () => {
    const open = times(2, { pi: 0.3, outcome: 'open' });
    const { bounds } = estimate([made({ pi: 0.03947368421052632 }), ...open]);
    assert.equal(bounds?.upper, 1);
  });

  it('warns when one unit weighs more than 50 times the median', () => {
    assert.equal(estimate(times(10, {})).hasExtremeWeights, false);
    assert.equal(estimate([...times(10, {}), made({ pi: 0.005 })]).hasExtremeWeights, true);
  });

  it('knows each segment as a domain, and says where labels are too few', () => {
    const predictions = [
      ...times(12, { segment: 'phone' }),
      ...times(3, { segment: 'web', trueClass: 'soup' }),
    ];
    const { segments } = estimate(predictions, { segments: ['phone', 'web', 'kiosk'] });
    near(segments.find(({ segment }) => segment === 'phone')?.accuracy?.value, 1);
    assert.equal(segments.find(({ segment }) => segment === 'web')?.accuracy, null);
    assert.equal(segments.find(({ segment }) => segment === 'web')?.labels, 3);
    assert.equal(segments.find(({ segment }) => segment === 'kiosk')?.predictions, 0);
  });

  it('counts answers per pattern', () => {
    const { responses } = estimate([
      ...times(6, { isLowConfidence: true }),
      ...times(2, { isLowConfidence: true, outcome: 'open' }),
      ...times(1, { isDisputed: true, outcome: 'skipped' }),
    ]);
    assert.deepEqual(responses[1], {
      pattern: 'low',
      selected: 8,
      labelled: 6,
      skipped: 0,
      open: 2,
    });
    assert.deepEqual(responses[2], {
      pattern: 'disputed',
      selected: 1,
      labelled: 0,
      skipped: 1,
      open: 0,
    });
  });
});

describe('the tuned difference', () => {
  const unit = (a: number, m: number) => ({ a, m, pi: 0.1 });
  const population = { size: 1000, meanProxy: 0.7, spread: [{ weight: 9000, meanProxy: 0.7 }] };

  it('does not listen to a confidence that says nothing, and listens to one that knows', () => {
    const deaf = Array.from({ length: 40 }, (_, i) => unit(i % 2, i % 4 < 2 ? 0.9 : 0.5));
    near(tunedDifference(deaf, population).lambda, 0);
    const knowing = Array.from({ length: 40 }, (_, i) => unit(i % 2, i % 2 === 1 ? 0.9 : 0.1));
    near(tunedDifference(knowing, population).lambda, 1);
    near(tunedDifference(knowing, population).value, 0.7);
    const half = Array.from({ length: 40 }, (_, i) =>
      unit(i % 4 === 0 ? 0 : 1, i % 2 === 1 ? 0.9 : 0.1),
    );
    near(tunedDifference(half, population).lambda, 0.625);
  });

  it('blends in what the model expects of items that were not drawn', () => {
    const sure = Array.from({ length: 20 }, (_, i) => unit(i === 0 ? 0 : 1, 0.5 + i / 100));
    const { varSample, varModel, variance } = tunedDifference(sure, population);
    near(variance, (20 * varSample + 100 * varModel) / 120, 1e-15);
    assert.ok(varModel > 0);
  });
});
