import { cellName } from './job.ts';
import { NAIVE_METHOD, REFERENCE } from './reference.ts';
import { CAP } from './stream-run.ts';
import { summarise, type Summary, type Tallies } from './tally.ts';

/** How far a cell may lie from the table. */
export interface Tolerance {
  /** Relative, of RMSE and width. */
  readonly relative: number;
  /** Absolute, of coverage. */
  readonly coverage: number;
  readonly coverageMin: number;
  /** Added to 3 standard errors of the bias. */
  readonly bias: number;
}

export const FULL: Tolerance = { relative: 0.07, coverage: 0.02, coverageMin: 0.93, bias: 0.005 };

/** One thing that had to hold. */
export interface Finding {
  readonly what: string;
  readonly isMet: boolean;
  readonly detail: string;
}

const finding = (what: string, isMet: boolean, detail: string): Finding => ({
  what,
  isMet,
  detail,
});
const show = (value: number): string => value.toFixed(4);

/** (b): the table of docs/statistics.md is reproduced. */
export function tableFindings(
  tallies: Tallies,
  budgets: readonly number[],
  tolerance: Tolerance,
): readonly Finding[] {
  return budgets.flatMap((labels) =>
    Object.entries(REFERENCE[labels] ?? {}).flatMap(([method, reference]) => {
      const summary = summaryOf(tallies, cellName(labels, method));
      const name = `${labels} labels, ${method}`;
      const isNear = (value: number, expected: number): boolean =>
        Math.abs(value / expected - 1) <= tolerance.relative;
      const biasMax = (3 * summary.rmse) / Math.sqrt(summary.runs) + tolerance.bias;
      const isCovering =
        Math.abs(summary.coverage - reference.coverage) <= tolerance.coverage &&
        summary.coverage >= tolerance.coverageMin;
      return [
        finding(
          `${name}: bias`,
          Math.abs(summary.bias) <= biasMax,
          `${show(summary.bias)}, at most ${show(biasMax)}`,
        ),
        finding(
          `${name}: RMSE`,
          isNear(summary.rmse, reference.rmse),
          `${show(summary.rmse)}, table ${show(reference.rmse)}`,
        ),
        finding(
          `${name}: width`,
          isNear(summary.width, reference.width),
          `${show(summary.width)}, table ${show(reference.width)}`,
        ),
        finding(
          `${name}: coverage`,
          isCovering,
          `${show(summary.coverage)}, table ${show(reference.coverage)}`,
        ),
      ];
    }),
  );
}

/** (c): the naive mean is seen to be wrong, so that this test can fail. */
export const naiveFindings = (tallies: Tallies, budgets: readonly number[]): readonly Finding[] =>
  budgets.map((labels) => {
    const { bias } = summaryOf(tallies, cellName(labels, NAIVE_METHOD));
    return finding(
      `${labels} labels, naive mean is wrong`,
      bias < -0.2,
      `bias ${show(bias)}, below -0.2`,
    );
  });

/** (d): a hard cap leaves both estimators unbiased and never makes more tasks than the budget. */
export function capFindings(tallies: Tallies): readonly Finding[] {
  const unbiased = ['cap, Horvitz-Thompson', 'cap, default'].map((name) => {
    const { bias, biasError } = summaryOf(tallies, name);
    const isMet = Math.abs(bias) <= 3 * biasError;
    return finding(
      `${name}: unbiased`,
      isMet,
      `${show(bias)}, 3 standard errors ${show(3 * biasError)}`,
    );
  });
  // Every run makes at least the budget (more is wanted), so a mean equal to it means never more.
  const { labels } = summaryOf(tallies, 'cap, default');
  return [
    ...unbiased,
    finding(
      'cap: never more tasks than the budget',
      labels <= CAP.budget,
      `${show(labels)} of ${CAP.budget}`,
    ),
  ];
}

/** (e): a larger rate selects a superset of the same ids. */
export function supersetFindings(tallies: Tallies): readonly Finding[] {
  const { coverage, runs } = summaryOf(tallies, 'superset');
  return [
    finding(
      'a larger rate selects a superset',
      coverage === 1,
      `${coverage * runs} of ${runs} streams`,
    ),
  ];
}

/** (f): all rules together over a week. */
export function weekFindings(tallies: Tallies, tolerance: Tolerance): readonly Finding[] {
  const parts = ['week, default', 'week, random part'].flatMap((name) => {
    const { bias, biasError, coverage } = summaryOf(tallies, name);
    // A short form gets the noise of its few runs on top.
    const biasMax = tolerance === FULL ? 0.005 : 0.005 + 3 * biasError;
    return [
      finding(
        `${name}: bias`,
        Math.abs(bias) <= biasMax,
        `${show(bias)}, at most ${show(biasMax)}`,
      ),
      finding(`${name}: coverage`, coverage >= tolerance.coverageMin, show(coverage)),
    ];
  });
  const { bias } = summaryOf(tallies, 'week, naive');
  return [...parts, finding('week, naive mean is wrong', Math.abs(bias) > 0.05, show(bias))];
}

function summaryOf(tallies: Tallies, name: string): Summary {
  const tally = tallies[name];
  if (tally === undefined) throw new Error(`Nothing was run for "${name}".`);
  return summarise(tally);
}
