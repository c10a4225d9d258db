import type { FeedbackQuality } from '../domain/estimate.ts';
import type { FeedbackKind } from '../domain/feedback.ts';
import { type LabelledUnit, truthShare } from './labelled-unit.ts';
import { ratioInterval } from './weighted-ratio.ts';

/**
 * What flags and corrections are worth, held against the labels.
 * @param counts live feedback of the window
 */
export function feedbackQuality(
  sample: readonly LabelledUnit[],
  counts: Readonly<Record<FeedbackKind, number>>,
): FeedbackQuality {
  const flag = ({ unit }: LabelledUnit): number => (unit.hasFlag ? 1 : 0);
  return {
    flagPrecision: ratioInterval(
      sample.map((item) => ({ num: flag(item) * (1 - item.a), den: flag(item), pi: item.pi })),
    ),
    flagRecall: ratioInterval(
      sample.map((item) => ({ num: flag(item) * (1 - item.a), den: 1 - item.a, pi: item.pi })),
    ),
    correctionRight: ratioInterval(
      sample.map((item) => {
        const { correction } = item.unit;
        return correction === null
          ? { num: 0, den: 0, pi: item.pi }
          : { num: truthShare(item, correction), den: 1, pi: item.pi };
      }),
    ),
    counts,
  };
}
