import type { AccuracyEstimate, ClassEstimate, Interval } from '../domain/estimate.ts';
import { accuracyOf, type Basis } from './basis.ts';
import { type LabelledUnit, truthShare } from './labelled-unit.ts';
import type { PopulationSums } from './population-sums.ts';
import type { PointEstimate } from './tuned-difference.ts';
import { ratioInterval, type RatioTerm } from './weighted-ratio.ts';
import { kishSize, sumOver } from './weights.ts';
import { effectiveSize, wilson } from './wilson.ts';

export const intervalOf = (point: PointEstimate | null): Interval | null =>
  point && { value: point.value, lower: point.lower, upper: point.upper, labels: point.n };

const predicted = ({ unit }: LabelledUnit, className: string): number =>
  unit.predictedClass === className ? 1 : 0;

export const precisionTerms = (
  sample: readonly LabelledUnit[],
  className: string,
): readonly RatioTerm[] =>
  sample.map((item) => ({
    num: predicted(item, className) * item.a,
    den: predicted(item, className),
    pi: item.pi,
  }));

export const recallTerms = (
  sample: readonly LabelledUnit[],
  className: string,
): readonly RatioTerm[] =>
  sample.map((item) => ({
    num: predicted(item, className) * truthShare(item, className),
    den: truthShare(item, className),
    pi: item.pi,
  }));

export const f1Terms = (sample: readonly LabelledUnit[], className: string): readonly RatioTerm[] =>
  sample.map((item) => ({
    num: 2 * predicted(item, className) * truthShare(item, className),
    den: predicted(item, className) + truthShare(item, className),
    pi: item.pi,
  }));

/**
 * Precision, recall and F1 of one class, each null with fewer than 5 labelled units behind it.
 * @param basis of the window
 * @param population predictions that gave this class
 * @see Sarndal, Swensson & Wretman (1992), section 5.6; docs/statistics.md, "Per class"
 */
export function classEstimate(
  basis: Pick<Basis, 'labelled' | 'estimate'>,
  className: string,
  population: PopulationSums,
): ClassEstimate {
  const sample = basis.labelled;
  const asPredicted = sample.filter((item) => predicted(item, className) === 1);
  return {
    className,
    labels: sumOver(sample, (item) => truthShare(item, className)),
    precision: intervalOf(accuracyOf(basis, asPredicted, population)),
    recall: ratioInterval(recallTerms(sample, className)),
    f1: ratioInterval(f1Terms(sample, className)),
  };
}

/**
 * Mean F1 over the classes that have one, with how many they are.
 * @returns null when no class has one
 */
export function macroF1(
  sample: readonly LabelledUnit[],
  classes: readonly string[],
): AccuracyEstimate['macroF1'] {
  const defined = classes.flatMap((className) => {
    const terms = f1Terms(sample, className);
    const interval = ratioInterval(terms);
    const total = sumOver(terms, ({ den, pi }) => den / pi);
    return interval === null ? [] : [{ terms, f1: interval.value, total }];
  });
  if (defined.length === 0) return null;
  const n = sample.length;
  const value = sumOver(defined, ({ f1 }) => f1) / defined.length;
  const squares = sample.map(({ pi }, index) => {
    const zeta = sumOver(defined, ({ terms, f1, total }) => {
      const term = terms[index];
      return term === undefined ? 0 : (term.num - f1 * term.den) / total;
    });
    return (1 - pi) * (zeta / defined.length / pi) ** 2;
  });
  const variance = (n / (n - 1)) * sumOver(squares, (square) => square);
  const [lower, upper] = wilson(value, effectiveSize(value, variance, kishSize(sample)));
  return { value, lower, upper, labels: n, classes: defined.length };
}
