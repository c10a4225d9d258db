import type { Interval } from '../../src/domain/estimate.ts';
import { labelsToTell } from '../../src/estimate/paired-difference.ts';
import type { Comparison, Scope } from './compare.ts';

const SCOPES: Readonly<Record<Scope, string>> = {
  all: 'all predictions of the window',
  random_part: 'all predictions of the window, by the random part alone: no fit has seen it',
  unseen: 'the labelled predictions of the window that no fit has seen',
};
/** A difference that a team would act on, for which labels are counted beside the measured one. */
const NOTABLE = 0.02;

const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
const points = (value: number): string =>
  `${value < 0 ? '-' : '+'}${Math.abs(100 * value).toFixed(1)}`;
const intervalText = (interval: Interval | null): string =>
  interval === null
    ? 'too few labels'
    : `${percent(interval.value)} (${percent(interval.lower)} to ${percent(interval.upper)})`;

/** The comparison for people. @param names of the two models */
export function comparisonText(
  comparison: Comparison,
  names: { readonly candidate: string; readonly service: string; readonly window: string },
): string {
  const { labels, excluded, withoutImage, disagreements, difference } = comparison;
  return [
    `${names.candidate} (candidate) and ${names.service} (in service), window ${names.window}`,
    `Speaks of ${SCOPES[comparison.scope]}.`,
    `${labels} labels used, ${excluded} left out because a fit has seen them, ${withoutImage} without an image; the two differ in ${disagreements} answers.`,
    '',
    `accuracy of the candidate   ${intervalText(comparison.candidate)}`,
    `accuracy in service         ${intervalText(comparison.service)}`,
    ...(difference === null
      ? []
      : [
          `difference                  ${points(difference.value)} points (${points(difference.lower)} to ${points(difference.upper)}), from ${labels} labels`,
        ]),
    '',
    ...classLines(comparison),
    '',
    verdictText(comparison),
    '',
  ].join('\n');
}

function classLines({ classes }: Comparison): readonly string[] {
  const width = Math.max(5, ...classes.map(({ className }) => className.length));
  return [
    `${'class'.padEnd(width)}  labels  right of them: candidate   in service`,
    ...classes.map(
      ({ className, labels, candidateRecall, serviceRecall }) =>
        `${className.padEnd(width)}  ${String(labels).padStart(6)}  ${share(candidateRecall).padStart(24)}  ${share(serviceRecall).padStart(11)}`,
    ),
  ];
}

const share = (interval: Interval | null): string =>
  interval === null ? '-' : percent(interval.value);

/** Better, worse, or what it would take to tell. */
export function verdictText({ verdict, difference, labels }: Comparison): string {
  if (difference === null)
    return `Can't tell yet: ${labels} labels are too few for any number; 5 are the least.`;
  const { value, lower, upper } = difference;
  const range = [Math.abs(lower), Math.abs(upper)]
    .sort((a, b) => a - b)
    .map((end) => (100 * end).toFixed(1));
  if (verdict !== "can't tell yet")
    return `The candidate is ${verdict} by ${range[0]} to ${range[1]} points, from ${labels} labels.`;
  const needed = (size: number): string => labelsToTell(difference, size).toLocaleString('en');
  const wanted =
    Math.abs(value) < 0.001
      ? `A difference of 2 points would show with about ${needed(NOTABLE)} labels.`
      : `A difference as measured (${points(value)}) would show with about ${needed(Math.abs(value))} labels; one of 2 points with about ${needed(NOTABLE)}.`;
  return `Can't tell yet: the interval holds 0. ${wanted}`;
}
