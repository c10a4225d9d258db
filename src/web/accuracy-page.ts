import type { AccuracyEstimate, PastEstimate } from '../domain/estimate.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { OfflineResult } from '../domain/offline-result.ts';
import { accuracyDetail } from './accuracy-detail.ts';
import { accuracyView, mainEstimate, stateWords, windowWords } from './accuracy-view.ts';
import { historyChart, knownPoints, timeWords } from './charts/history-chart.ts';
import { reliabilityChart } from './charts/reliability-chart.ts';
import { differenceOf, differenceWords, shareOf } from './compare-accuracy.ts';
import { offlineAccuracy, offlineResultOf } from './offline-result.ts';
import { percent } from './percent.ts';
import { readAccuracy } from './read-accuracy.ts';
import { readHistory } from './read-history.ts';
import { sameTrafficView } from './same-traffic-view.ts';
import type { WebContext } from './web-context.ts';
import { shownMistakes } from './worst-mistakes.ts';

/** What the address asked for; anything may be missing or unknown. */
export interface AskedFor {
  readonly modelVersion: unknown;
  readonly window: unknown;
  /** Another model version, to be compared with. */
  readonly against: unknown;
}

/**
 * Everything on the accuracy page.
 * @param isOps may see pictures
 */
export async function accuracyPage(
  context: WebContext,
  asked: AskedFor,
  isOps: boolean,
): Promise<object> {
  const [{ estimates, comparisons }, versions] = await Promise.all([
    readAccuracy(context),
    context.store.modelVersions(),
  ]);
  const { offline } = context.settings;
  const order = versions.map(({ modelVersion }) => modelVersion);
  const shown = chosen(estimates, order, asked);
  const since = versions.find(({ modelVersion }) => modelVersion === shown?.modelVersion)?.firstAt;
  return {
    ...accuracyView(estimates, order, offline, shown),
    notFound: notFoundWords(asked, shown),
    shown: shown && {
      ...(await shownView(context, shown, since ?? shown.from, isOps)),
      comparison: comparisonOf(estimates, order, shown, asked.against),
      sameTraffic: sameTrafficView(comparisons, shown),
    },
  };
}

function chosen(
  estimates: readonly AccuracyEstimate[],
  order: readonly ModelVersion[],
  asked: AskedFor,
): AccuracyEstimate | null {
  // One that began to answer since the last run has no estimate yet.
  const estimated = order.filter((one) =>
    estimates.some(({ modelVersion }) => modelVersion === one),
  );
  const version = estimated.find((one) => one === asked.modelVersion) ?? estimated[0];
  const ofVersion = estimates.filter(({ modelVersion }) => modelVersion === version);
  return ofVersion.find(({ window }) => window === asked.window) ?? mainEstimate(ofVersion);
}

/** An address that somebody wrote or kept may name what is not there: what stands below is something else then. */
function notFoundWords(asked: AskedFor, shown: AccuracyEstimate | null): string | null {
  const missing = [
    ...(asked.modelVersion === undefined || asked.modelVersion === shown?.modelVersion
      ? []
      : ['model version']),
    ...(asked.window === undefined || asked.window === shown?.window ? [] : ['window']),
  ];
  if (missing.length === 0 || shown === null) return null;
  return `There is no estimate of the ${missing.join(' and ')} that the address names. The details below are of version ${shown.modelVersion}, ${windowWords(shown.window)}.`;
}

async function shownView(
  context: WebContext,
  shown: AccuracyEstimate,
  since: number,
  isOps: boolean,
): Promise<object> {
  const now = context.clock.now();
  const { offline, targetAccuracy } = context.settings;
  const history = await readHistory(context.store, shown.modelVersion, shown.window, {
    since,
    now,
  });
  return {
    modelVersion: shown.modelVersion,
    window: windowWords(shown.window),
    windowName: shown.window,
    state: stateWords(shown),
    chart: historyChart(history, {
      offline: offlineAccuracy(offline, shown.modelVersion),
      target: targetAccuracy,
    }),
    target: percent(targetAccuracy),
    history: historyRows(history),
    offlineGap: offlineGap(shown, offline),
    reliability: reliabilityChart(shown.calibration?.bins ?? []),
    bins: binRows(shown),
    mistakes: isOps ? await shownMistakes(context, shown.mistakes ?? [], now) : null,
    ...accuracyDetail(shown),
  };
}

const historyRows = (history: readonly PastEstimate[]): readonly (readonly string[])[] =>
  knownPoints(history)
    .slice(-24)
    .reverse()
    .map(({ at, value, lower, upper, labels, maturity, naive, isReliable }) => [
      timeWords(at),
      percent(value, 1),
      `${percent(lower, 1)} to ${percent(upper, 1)}`,
      String(labels),
      `${percent(maturity)}${isReliable ? '' : ' (preliminary)'}`,
      naive === null ? '' : percent(naive, 1),
    ]);

const binRows = ({ calibration }: AccuracyEstimate): readonly (readonly string[])[] =>
  (calibration?.bins ?? []).map(({ from, to, share, meanConfidence, accuracy }) => [
    `${percent(from)} to ${percent(to)}`,
    percent(share),
    percent(meanConfidence),
    accuracy === null ? 'too few labels' : percent(accuracy.value),
    accuracy === null ? '' : `${percent(accuracy.lower)} to ${percent(accuracy.upper)}`,
  ]);

function offlineGap(shown: AccuracyEstimate, offline: readonly OfflineResult[]): string | null {
  const share = shareIn(shown);
  const result = offlineResultOf(offline, shown.modelVersion);
  if (share === null || result === null) return null;
  return differenceWords(differenceOf(share, shareOf(result.right, result.n)));
}

/**
 * The shown version beside another one in the same window: the one asked for, else the one that answered last.
 * @returns null where there is no other with an estimate
 */
function comparisonOf(
  estimates: readonly AccuracyEstimate[],
  order: readonly ModelVersion[],
  shown: AccuracyEstimate,
  against: unknown,
): object | null {
  const others = order.flatMap((version) =>
    estimates.filter(
      ({ modelVersion, window, accuracy }) =>
        modelVersion === version &&
        version !== shown.modelVersion &&
        window === shown.window &&
        accuracy !== null,
    ),
  );
  const other = others.find(({ modelVersion }) => modelVersion === against) ?? others[0];
  const [a, b] = [shareIn(shown), other === undefined ? null : shareIn(other)];
  if (a === null || b === null || other === undefined) return null;
  return {
    other: other.modelVersion,
    others: others.map(({ modelVersion }) => modelVersion),
    rows: [shown, other].map(comparedRow),
    difference: differenceWords(differenceOf(a, b)),
  };
}

const comparedRow = ({
  modelVersion,
  accuracy,
  lower,
  upper,
  labels,
}: AccuracyEstimate): object => ({
  modelVersion,
  accuracy: percent(accuracy ?? 0, 1),
  interval: `${percent(lower ?? 0, 1)} to ${percent(upper ?? 1, 1)}`,
  labels,
});

const shareIn = ({ accuracy, lower, upper }: AccuracyEstimate) =>
  accuracy === null || lower === null || upper === null ? null : { value: accuracy, lower, upper };
