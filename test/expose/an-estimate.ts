import type { AccuracyEstimate } from '../../src/domain/estimate.ts';
import { modelVersion } from '../../src/domain/ids.ts';

const interval = (value: number) => ({
  value,
  lower: value - 0.05,
  upper: value + 0.05,
  labels: 40,
});

/** An estimate in which everything is defined; override what the test is about. */
export function anEstimate(changes: Partial<AccuracyEstimate> = {}): AccuracyEstimate {
  return {
    modelVersion: modelVersion('v1'),
    window: '7d',
    from: 0,
    to: 7 * 86_400_000,
    asOf: 1_700_000_000_500,
    predictions: 1000,
    selected: 100,
    labels: 80,
    skipped: 5,
    open: 15,
    effectiveLabels: 71.5,
    kish: 60,
    accuracy: 0.81,
    lower: 0.72,
    upper: 0.88,
    raw: 0.81,
    lambda: 0.9,
    coverage: 0.8,
    maturity: 0.85,
    reliable: true,
    method: 'difference',
    bounds: { lower: 0.6, upper: 0.9 },
    random: interval(0.79),
    randomLabels: 40,
    disagrees: false,
    naive: 0.55,
    labelFree: { value: 0.9, isCalibrated: false },
    evalue: 0.4,
    classes: [
      {
        className: 'Bread',
        labels: 9,
        precision: interval(0.7),
        recall: interval(0.6),
        f1: null,
      },
    ],
    macroF1: null,
    segments: [
      { segment: 'phone', predictions: 500, labels: 30, accuracy: interval(0.8) },
      { segment: 'desk', predictions: 2, labels: 1, accuracy: null },
    ],
    confusion: {},
    calibration: {
      brier: 0.2,
      logLoss: 0.5,
      bins: [
        { from: 0, to: 0.5, share: 0.5, meanConfidence: 0.4, accuracy: interval(0.5) },
        { from: 0.5, to: 1, share: 0.5, meanConfidence: 0.8, accuracy: null },
      ],
      ece: 0.12,
      eceDebiased: 0.08,
      mce: 0.2,
      temperature: 1.2,
    },
    feedback: {
      flagPrecision: interval(0.6),
      flagRecall: null,
      correctionRight: null,
      counts: { flag: 10, correction: 3, confirmation: 20 },
    },
    responses: [],
    agreement: 0.77,
    hasExtremeWeights: false,
    ...changes,
  };
}
