import type { VersionComparison } from '../domain/comparison.ts';
import type { AccuracyEstimate } from '../domain/estimate.ts';
import { differenceWords } from './compare-accuracy.ts';
import { percent } from './percent.ts';

export interface SameTrafficView {
  readonly modelVersion: string;
  readonly baselineVersion: string;
  /** The difference in words, or why there is none. */
  readonly difference: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** The shown version, in the shown window, beside each that answered the same photos. */
export const sameTrafficView = (
  comparisons: readonly VersionComparison[],
  shown: Pick<AccuracyEstimate, 'modelVersion' | 'window'>,
): readonly SameTrafficView[] =>
  comparisons
    .filter(
      ({ modelVersion, baselineVersion, window }) =>
        window === shown.window && [modelVersion, baselineVersion].includes(shown.modelVersion),
    )
    .map((two) => ({
      modelVersion: two.modelVersion,
      baselineVersion: two.baselineVersion,
      difference:
        two.difference === null ? tooFew(two) : `Difference: ${differenceWords(two.difference)}`,
      facts: [
        ['Predictions that both answered', String(two.answered)],
        ['Different classes named', differWords(two)],
        ['Labelled of those that differ', `${two.labels} (${two.selected} selected)`],
        ...pWords(two),
      ],
    }));

function tooFew({ answered, differ, labels }: VersionComparison): string {
  if (answered === 0) return 'No prediction of this window was answered by both.';
  const most = ((differ / answered) * 100).toFixed(1);
  return `Too few labels: ${labels} of the ${differ} that differ, and a difference needs 5. In this window it is at most ${most} points either way.`;
}

const differWords = ({ answered, differ }: VersionComparison): string =>
  answered === 0 ? '0' : `${differ} (${percent(differ / answered, 1)})`;

const pWords = ({ mcNemarP }: VersionComparison): SameTrafficView['facts'] =>
  mcNemarP === null
    ? []
    : [['McNemar’s exact test', mcNemarP < 0.001 ? 'p below 0.001' : `p = ${mcNemarP.toFixed(3)}`]];
