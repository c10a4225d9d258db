import type { VersionComparison } from '../domain/comparison.ts';
import { patternIndex } from '../domain/population.ts';
import type { PairCounts } from '../domain/shadow-answer.ts';
import { correctness, type DifferingUnit, shareOf } from '../domain/unit.ts';
import type { Window } from '../domain/window.ts';
import { type Disagreement, mcNemar } from './compare-versions.ts';
import { differenceOnTraffic } from './difference-on-traffic.ts';
import { responseRates } from './response-rates.ts';

/** A selected prediction on which the two differ. */
export interface ComparedUnit {
  readonly unit: DifferingUnit;
  /** Its served answer is the baseline's, the other one that of the version compared with it; else the other way round. */
  readonly isBaselineServed: boolean;
}

export interface ComparisonInput extends Pick<
  VersionComparison,
  'modelVersion' | 'baselineVersion' | 'asOf'
> {
  readonly window: Window;
  /** Of the window, whichever of the two served. */
  readonly counts: PairCounts;
  /** Those outside of the window (by prediction time) are left out. */
  readonly units: readonly ComparedUnit[];
  /** Annotators of the hard projects saw the served answer (REVEAL_PREDICTION=hard): only the random part may count. */
  readonly isAnchored: boolean;
}

/**
 * Two versions on the predictions that both answered: where they agree the difference is 0, so that labels of the others
 * tell all of it. A prediction that neither got right ("None of these" among them) counts as 0.
 * @see docs/statistics.md, "Two versions"
 */
export function compareOnTraffic(input: ComparisonInput): VersionComparison {
  const { window, counts } = input;
  const units = input.units.filter(
    ({ unit }) =>
      unit.at >= window.from && unit.at < window.to && (unit.isRandom || !input.isAnchored),
  );
  const sample = disagreementsOf(units, window, input.isAnchored);
  const difference = differenceOnTraffic(sample, counts);
  return {
    modelVersion: input.modelVersion,
    baselineVersion: input.baselineVersion,
    window: window.name,
    from: window.from,
    to: window.to,
    asOf: input.asOf,
    ...counts,
    selected: units.length,
    labels: sample.length,
    difference: difference && {
      value: difference.value,
      lower: difference.lower,
      upper: difference.upper,
    },
    mcNemarP: exactP(sample),
  };
}

/** Labelled ones, with the chance of being selected and answered. */
function disagreementsOf(
  units: readonly ComparedUnit[],
  { from, to }: Window,
  isAnchored: boolean,
): readonly Disagreement[] {
  const chance = ({ pi, q }: DifferingUnit): number => (isAnchored ? q : pi);
  const patternOf = (unit: DifferingUnit): number =>
    patternIndex(unit.isLowConfidence, unit.isDisputed);
  const rate = responseRates(
    units.map(({ unit }) => ({
      ...{ pattern: patternOf(unit), at: unit.at, p: chance(unit) },
      isLabelled: unit.outcome.state === 'labelled',
    })),
    from,
    to,
  );
  return units.flatMap(({ unit, isBaselineServed }) => {
    const [served, other] = [correctness(unit), shareOf(unit, unit.otherClass)];
    if (served === null || other === null) return [];
    const d = isBaselineServed ? other - served : served - other;
    return [{ d, pi: chance(unit) * rate(patternOf(unit), unit.at) }];
  });
}

/** For labels of one weight, each of which says who was right; ties that nobody broke say it in part. */
function exactP(sample: readonly Disagreement[]): number | null {
  const isWhole = sample.every(({ d, pi }) => Number.isInteger(d) && pi === sample[0]?.pi);
  const onlyB = sample.filter(({ d }) => d === 1).length;
  const onlyA = sample.filter(({ d }) => d === -1).length;
  return isWhole && onlyA + onlyB > 0 ? mcNemar(onlyA, onlyB).exactP : null;
}
