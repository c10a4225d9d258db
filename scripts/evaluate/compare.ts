import type { Interval } from '../../src/domain/estimate.ts';
import { patternIndex } from '../../src/domain/population.ts';
import { correctness, type Unit } from '../../src/domain/unit.ts';
import {
  type ModelVerdict,
  type Pair,
  type PairedDifference,
  pairedDifference,
  verdictOn,
} from '../../src/estimate/paired-difference.ts';
import { responseRates } from '../../src/estimate/response-rates.ts';
import { ratioInterval } from '../../src/estimate/weighted-ratio.ts';
import type { CandidateAnswer } from './answer-labels.ts';

const LEAST_LABELS = 5;

/** Which predictions the comparison speaks of. */
export type Scope = 'all' | 'random_part' | 'unseen';

export interface Comparison {
  readonly scope: Scope;
  readonly labels: number;
  readonly excluded: number;
  readonly withoutImage: number;
  /** Labelled predictions on which the two answer differently. */
  readonly disagreements: number;
  /** Null under 5 labels, as all that follows. */
  readonly candidate: Interval | null;
  readonly service: Interval | null;
  readonly difference: PairedDifference | null;
  readonly verdict: ModelVerdict;
  readonly classes: readonly {
    readonly className: string;
    readonly labels: number;
    readonly candidateRecall: Interval | null;
    readonly serviceRecall: Interval | null;
  }[];
}

interface Compared extends Pair {
  readonly unit: Unit;
  readonly shares: Readonly<Record<string, number>>;
  readonly answer: string;
}

/**
 * Compares a candidate's answers with those that were given, weighted by the design.
 * Where nothing of the random part was excluded, it alone is used: trained with or not, it still stands for all predictions.
 * Where a fit has seen some of it, the comparison speaks of the predictions that no fit has seen.
 * @param units selected predictions of the version in service @param answers of the candidate, in the same order
 */
export function compareOnLabels(
  units: readonly Unit[],
  answers: ReadonlyMap<string, CandidateAnswer>,
  classes: readonly string[],
  window: { readonly from: number; readonly to: number },
): Comparison {
  const kindOf = (unit: Unit): string => answers.get(unit.predictionId)?.kind ?? 'unlabelled';
  const unseen = units.filter((unit) => kindOf(unit) !== 'seen');
  const scope = scopeOf(units.filter((unit) => kindOf(unit) === 'seen'));
  const used = scope === 'random_part' ? unseen.filter(({ isRandom }) => isRandom) : unseen;
  const compared = withWeights(used, answers, scope, window);
  const isEnough = compared.length >= LEAST_LABELS;
  const difference = isEnough ? pairedDifference(compared) : null;
  const rightShare = (of: (item: Compared) => number): Interval | null =>
    ratioInterval(
      compared.map((item) => ({ num: of(item), den: 1, pi: item.pi })),
      'stream',
    );
  return {
    scope,
    labels: compared.length,
    excluded: units.length - unseen.length,
    withoutImage: used.filter((unit) => kindOf(unit) === 'no_image').length,
    disagreements: compared.filter(({ unit, answer }) => unit.predictedClass !== answer).length,
    candidate: rightShare(({ b }) => b),
    service: rightShare(({ a }) => a),
    difference,
    verdict: difference === null ? "can't tell yet" : verdictOn(difference),
    classes: classes.map((className) => classRow(compared, className)),
  };
}

function scopeOf(seen: readonly Unit[]): Scope {
  if (seen.length === 0) return 'all';
  return seen.some(({ isRandom }) => isRandom) ? 'unseen' : 'random_part';
}

/** What has no label, or no image any more, is an answer that did not come. */
function withWeights(
  units: readonly Unit[],
  answers: ReadonlyMap<string, CandidateAnswer>,
  scope: Scope,
  { from, to }: { readonly from: number; readonly to: number },
): Compared[] {
  const chance = ({ pi, q }: Unit): number => (scope === 'random_part' ? q : pi);
  const patternOf = (unit: Unit): number => patternIndex(unit.isLowConfidence, unit.isDisputed);
  const answerOf = (unit: Unit): string | null => {
    const answer = answers.get(unit.predictionId);
    return answer?.kind === 'answered' ? answer.className : null;
  };
  const rates = responseRates(
    units.map((unit) => ({
      ...{ pattern: patternOf(unit), at: unit.at, p: chance(unit) },
      isLabelled: answerOf(unit) !== null,
    })),
    from,
    to,
  );
  return units.flatMap((unit) => {
    const answer = answerOf(unit);
    const a = correctness(unit);
    if (answer === null || a === null || unit.outcome.state !== 'labelled') return [];
    const { shares } = unit.outcome;
    const pi = chance(unit) * rates(patternOf(unit), unit.at);
    return [{ unit, shares, answer, a, b: shares[answer] ?? 0, pi }];
  });
}

function classRow(compared: readonly Compared[], className: string): Comparison['classes'][number] {
  const truth = ({ shares }: Compared): number => shares[className] ?? 0;
  const recall = (answered: (item: Compared) => string): Interval | null =>
    ratioInterval(
      compared.map((item) => ({
        num: answered(item) === className ? truth(item) : 0,
        den: truth(item),
        pi: item.pi,
      })),
      'stream',
    );
  return {
    className,
    labels: compared.filter((item) => truth(item) > 0).length,
    candidateRecall: recall(({ answer }) => answer),
    serviceRecall: recall(({ unit }) => unit.predictedClass),
  };
}
