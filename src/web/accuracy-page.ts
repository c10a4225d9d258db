import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { ModelVersion } from '../domain/ids.ts';
import { accuracyDetail } from './accuracy-detail.ts';
import { offlineAccuracy } from './accuracy-json.ts';
import { accuracyView, mainEstimate, stateWords, windowWords } from './accuracy-view.ts';
import { historyChart, knownPoints, timeWords } from './charts/history-chart.ts';
import { reliabilityChart } from './charts/reliability-chart.ts';
import { differenceOf, differenceWords, shareOf } from './compare-accuracy.ts';
import { percent } from './percent.ts';
import { readHistory } from './read-history.ts';
import type { WebContext } from './web-context.ts';
import type { OfflineResult } from './web-options.ts';
import { shownMistakes } from './worst-mistakes.ts';

/** What the address asked for; anything may be missing or unknown. */
export interface AskedFor {
  readonly modelVersion: unknown;
  readonly window: unknown;
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
  const [estimates, versions] = await Promise.all([
    context.store.latestEstimates(),
    context.store.modelVersions(),
  ]);
  const { offline } = context.settings;
  const order = versions.map(({ modelVersion }) => modelVersion);
  const shown = chosen(estimates, order, asked);
  const since = versions.find(({ modelVersion }) => modelVersion === shown?.modelVersion)?.firstAt;
  return {
    ...accuracyView(estimates, order, offline, shown),
    shown: shown && {
      ...(await shownView(context, shown, since ?? shown.from, isOps)),
      comparison: comparisonOf(estimates, order, shown),
    },
  };
}

function chosen(
  estimates: readonly AccuracyEstimate[],
  order: readonly ModelVersion[],
  asked: AskedFor,
): AccuracyEstimate | null {
  const version = order.find((one) => one === asked.modelVersion) ?? order[0];
  const ofVersion = estimates.filter(({ modelVersion }) => modelVersion === version);
  return ofVersion.find(({ window }) => window === asked.window) ?? mainEstimate(ofVersion);
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

const historyRows = (history: readonly AccuracyEstimate[]): readonly (readonly string[])[] =>
  knownPoints(history)
    .slice(-24)
    .reverse()
    .map(({ at, value, lower, upper }) => [
      timeWords(at),
      percent(value, 1),
      `${percent(lower, 1)} to ${percent(upper, 1)}`,
    ]);

const binRows = ({ calibration }: AccuracyEstimate): readonly (readonly string[])[] =>
  (calibration?.bins ?? []).map(({ from, to, share, meanConfidence, accuracy }) => [
    `${percent(from)} to ${percent(to)}`,
    percent(share),
    percent(meanConfidence),
    accuracy === null ? 'too few labels' : percent(accuracy.value),
    accuracy === null ? '' : `${percent(accuracy.lower)} to ${percent(accuracy.upper)}`,
  ]);

function offlineGap(shown: AccuracyEstimate, offline: OfflineResult | null): string | null {
  const share = shareIn(shown);
  if (share === null || offline === null || offlineAccuracy(offline, shown.modelVersion) === null)
    return null;
  return differenceWords(differenceOf(share, shareOf(offline.right, offline.n)));
}

/** The other version that answered last, in the same window. */
function comparisonOf(
  estimates: readonly AccuracyEstimate[],
  order: readonly ModelVersion[],
  shown: AccuracyEstimate,
): object | null {
  const otherVersion = order.find((version) => version !== shown.modelVersion);
  const other = estimates.find(
    ({ modelVersion, window }) => modelVersion === otherVersion && window === shown.window,
  );
  const [a, b] = [shareIn(shown), other === undefined ? null : shareIn(other)];
  if (a === null || b === null || other === undefined) return null;
  return {
    other: other.modelVersion,
    otherAccuracy: `${percent(b.value, 1)} (${percent(b.lower, 1)} to ${percent(b.upper, 1)})`,
    difference: differenceWords(differenceOf(a, b)),
  };
}

const shareIn = ({ accuracy, lower, upper }: AccuracyEstimate) =>
  accuracy === null || lower === null || upper === null ? null : { value: accuracy, lower, upper };
