import { HISTOGRAM_BINS, histogramBin } from '../../src/domain/population.ts';
import type { Rates } from '../../src/domain/prediction.ts';
import { solveIncreasing } from '../../src/domain/solve-increasing.ts';
import { confidenceRate, solveConfidenceDriven } from '../../src/select/confidence-rates.ts';
import { LOW_CONFIDENCE_THRESHOLD, type Stream } from './coverage-stream.ts';

/** A design: the rates of each prediction of a stream for a number of labels. */
export interface Design {
  readonly name: string;
  readonly ratesOf: (stream: Stream, labels: number) => (index: number) => Rates;
}

const NONE: Rates = { random: 0, lowConfidence: 0, disputed: 0, spare: 0 };

export const randomDesign: Design = {
  name: 'random',
  ratesOf: (stream, labels) => {
    const rates = { ...NONE, random: labels / stream.u.length };
    return () => rates;
  },
};

/** The confidence-driven rates, solved by the product from the histogram of the stream's confidences. */
export const confidenceDesign: Design = {
  name: 'confidence pi',
  ratesOf: (stream, labels) => {
    const histogram = new Float64Array(HISTOGRAM_BINS);
    for (const c of stream.confidence) {
      const bin = histogramBin(c);
      histogram[bin] = (histogram[bin] ?? 0) + 1;
    }
    const driven = solveConfidenceDriven(labels, stream.u.length, histogram);
    return (index) => ({
      random: 0,
      lowConfidence: 0,
      disputed: 0,
      spare: confidenceRate(driven, stream.confidence[index] ?? 0),
    });
  },
};

interface UnionShares {
  readonly random: number;
  readonly lowConfidence: number;
  readonly disputed: number;
}

/** Fixed shares for random, low-confidence and disputed ones, scaled so that the expected labels are as asked. */
export const unionDesign = (name: string, shares: UnionShares): Design => ({
  name,
  ratesOf: (stream, labels) => {
    const isLow = (index: number): boolean =>
      (stream.confidence[index] ?? 0) < LOW_CONFIDENCE_THRESHOLD;
    const sizes = patternSizes(stream, isLow);
    const [plain, low, flagged, both] = sizes;
    const rates = {
      random: shares.random / stream.u.length,
      lowConfidence: shares.lowConfidence / Math.max(1, low + both),
      disputed: shares.disputed / Math.max(1, flagged + both),
    };
    const largest = [
      rates.random,
      Math.max(rates.random, rates.lowConfidence),
      Math.max(rates.random, rates.disputed),
      Math.max(rates.random, rates.lowConfidence, rates.disputed),
    ];
    const expected = (t: number): number =>
      [plain, low, flagged, both].reduce(
        (sum, size, pattern) => sum + size * Math.min(1, t * (largest[pattern] ?? 0)),
        0,
      );
    const t = solveIncreasing(expected, labels, 0, labels / rates.random);
    const others = {
      random: Math.min(1, t * rates.random),
      lowConfidence: 0,
      disputed: Math.min(1, t * rates.disputed),
      spare: 0,
    };
    const unsure = { ...others, lowConfidence: Math.min(1, t * rates.lowConfidence) };
    return (index) => (isLow(index) ? unsure : others);
  },
});

function patternSizes(
  stream: Stream,
  isLow: (index: number) => boolean,
): readonly [number, number, number, number] {
  const sizes: [number, number, number, number] = [0, 0, 0, 0];
  stream.flagged.forEach((flag, index) => {
    const pattern = ((isLow(index) ? 1 : 0) + 2 * flag) as 0 | 1 | 2 | 3;
    sizes[pattern] += 1;
  });
  return sizes;
}

export const DESIGNS: readonly Design[] = [
  randomDesign,
  confidenceDesign,
  unionDesign('60/20/20', { random: 0.6, lowConfidence: 0.2, disputed: 0.2 }),
  unionDesign('40/30/30', { random: 0.4, lowConfidence: 0.3, disputed: 0.3 }),
];
