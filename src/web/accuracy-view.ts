import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { OfflineResult } from '../domain/offline-result.ts';
import { windowLengthMs, type WindowName } from '../domain/window.ts';
import { timeWords } from './charts/history-chart.ts';
import { offlineResultOf } from './offline-result.ts';
import { percent } from './percent.ts';

const NOTHING = '–';
/** The window of the sentence on top, when it has an estimate. */
const MAIN_WINDOW = '7d';

export interface WindowRow {
  readonly window: string;
  /** Leads to the details of this version and window. */
  readonly href: string;
  readonly isShown: boolean;
  readonly predictions: number;
  readonly labels: number;
  readonly accuracy: string;
  readonly interval: string;
  readonly random: string;
  readonly naive: string;
  readonly labelled: string;
  /** In words: how far the number can be trusted. */
  readonly state: string;
}

export interface VersionView {
  readonly modelVersion: string;
  readonly rows: readonly WindowRow[];
  /** "65 % (11 of 17, dataset)", or null. */
  readonly offline: string | null;
}

export interface AccuracyView {
  readonly sentence: string;
  /** Nothing was labelled yet: what comes next has to be said. */
  readonly isWithoutLabels: boolean;
  readonly asOf: string | null;
  readonly versions: readonly VersionView[];
}

/** @param name of a rolling window @returns "the last 7 days" */
export function windowWords(name: WindowName): string {
  if (name === 'all') return 'all time';
  const amount = Number(name.slice(0, -1));
  const unit = name.endsWith('h') ? 'hour' : 'day';
  return amount === 1 ? `the last ${unit}` : `the last ${amount} ${unit}s`;
}

/**
 * The estimates as a person reads them, windows from short to long.
 * @param estimates newest of each version and window
 * @param order model versions, newest traffic first
 * @param shown whose details stand below, if any
 */
export function accuracyView(
  estimates: readonly AccuracyEstimate[],
  order: readonly ModelVersion[],
  offline: readonly OfflineResult[],
  shown: AccuracyEstimate | null = null,
): AccuracyView {
  const versions = order.filter((version) =>
    estimates.some(({ modelVersion }) => modelVersion === version),
  );
  const asOf = Math.max(...estimates.map((estimate) => estimate.asOf));
  return {
    sentence: leadOf(estimates, versions),
    isWithoutLabels: estimates.every(({ labels }) => labels === 0),
    asOf: estimates.length === 0 ? null : `${timeWords(asOf)} UTC`,
    versions: versions.map((modelVersion) => ({
      modelVersion,
      rows: shortToLong(ofVersion(estimates, modelVersion)).map((one) => rowOf(one, one === shown)),
      offline: offlineWords(offline, modelVersion),
    })),
  };
}

const ofVersion = (
  estimates: readonly AccuracyEstimate[],
  version: ModelVersion | undefined,
): readonly AccuracyEstimate[] => estimates.filter(({ modelVersion }) => modelVersion === version);

/**
 * The estimate that a reader most likely came for: the last 7 days, else the longest finite window, else all time; one
 * that has a value before one that has none.
 * @param estimates of one version
 */
export function mainEstimate(estimates: readonly AccuracyEstimate[]): AccuracyEstimate | null {
  const known = shortToLong(estimates).filter(({ accuracy }) => accuracy !== null);
  const candidates = known.length > 0 ? known : shortToLong(estimates);
  return (
    candidates.find(({ window }) => window === MAIN_WINDOW) ??
    candidates.filter(({ window }) => window !== 'all').at(-1) ??
    candidates.at(-1) ??
    null
  );
}

const shortToLong = (estimates: readonly AccuracyEstimate[]): AccuracyEstimate[] =>
  [...estimates].sort((a, b) => lengthOf(a.window) - lengthOf(b.window));

const lengthOf = (name: WindowName): number => windowLengthMs(name) ?? Infinity;

function rowOf(estimate: AccuracyEstimate, isShown: boolean): WindowRow {
  const { accuracy, random, naive, maturity, modelVersion, window } = estimate;
  return {
    window: windowWords(window),
    href: `/accuracy?${new URLSearchParams({ model_version: modelVersion, window }).toString()}#details`,
    isShown,
    predictions: estimate.predictions,
    labels: estimate.labels,
    accuracy: accuracy === null ? NOTHING : percent(accuracy, 1),
    interval: intervalWords(estimate.lower, estimate.upper),
    random:
      random === null
        ? NOTHING
        : `${percent(random.value, 1)} (${intervalWords(random.lower, random.upper)})`,
    naive: naive === null ? NOTHING : percent(naive, 1),
    labelled: maturity === null ? NOTHING : percent(maturity),
    state: stateWords(estimate),
  };
}

function intervalWords(lower: number | null, upper: number | null): string {
  if (lower === null || upper === null) return NOTHING;
  return `${(lower * 100).toFixed(1)} to ${percent(upper, 1)}`;
}

/** How far the number can be trusted, in words. */
export function stateWords(estimate: AccuracyEstimate): string {
  if (estimate.predictions === 0) return 'no predictions';
  if (estimate.accuracy === null) return 'too few labels';
  if (estimate.disagrees) return 'contradicts the random part: look into it';
  if (!estimate.reliable) return 'preliminary';
  return 'reliable';
}

/** Speaks of the version with the newest traffic, and says so where there are others. */
function leadOf(estimates: readonly AccuracyEstimate[], versions: readonly ModelVersion[]): string {
  const [newest] = versions;
  const sentence = sentenceOf(ofVersion(estimates, newest));
  if (newest === undefined || versions.length === 1) return sentence;
  return `Model ${newest}: ${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
}

/** One sentence, for someone who reads nothing else. */
function sentenceOf(estimates: readonly AccuracyEstimate[]): string {
  const main = mainEstimate(estimates);
  if (main?.accuracy == null) return tooEarly(estimates);
  const early = shortToLong(estimates)
    .filter((one) => one.accuracy === null && one.predictions > 0)
    .map(({ window }) => windowWords(window));
  const rest = early.length === 0 ? '' : `; too early to tell for ${early.join(' and ')}`;
  return `Between ${percent(main.lower ?? 0)} and ${percent(main.upper ?? 1)} of the answers of ${windowWords(main.window)} were right, from ${main.labels} labels${main.reliable ? '' : ' (preliminary)'}${rest}.`;
}

function tooEarly(estimates: readonly AccuracyEstimate[]): string {
  const labels = Math.max(0, ...estimates.map((estimate) => estimate.labels));
  // Where annotators saw the prediction other labels may well have come in: they do not count.
  const which = estimates.some(({ method }) => method === 'random_part')
    ? ' of the random part'
    : '';
  return labels === 0
    ? `Too early to tell: no label${which} has come in yet.`
    : `Too early to tell: ${labels} ${labels === 1 ? `label${which} has` : `labels${which} have`} come in, and an estimate needs at least 5.`;
}

function offlineWords(offline: readonly OfflineResult[], modelVersion: string): string | null {
  const result = offlineResultOf(offline, modelVersion);
  return (
    result &&
    `${percent(result.right / result.n, 1)} (${result.right} of ${result.n}; ${result.dataset})`
  );
}
