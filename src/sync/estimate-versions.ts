import { setImmediate } from 'node:timers/promises';

import type { AccuracyEstimate } from '../domain/estimate.ts';
import { correctness, type LabelChange, type Unit } from '../domain/unit.ts';
import { dayOf, rollingWindow, type Window, type WindowName } from '../domain/window.ts';
import { fitCalibrationMap } from '../estimate/calibration-map.ts';
import { estimateWindow } from '../estimate/estimate-window.ts';
import { belowTargetEvalue, evidenceByDay } from '../estimate/evalue.ts';
import type { EstimateStore } from '../ports/store/estimate-store.ts';

const DAY_MS = 86_400_000;

export interface EstimateSettings {
  readonly windows: readonly WindowName[];
  readonly classes: readonly string[];
  readonly segments: readonly string[];
  readonly targetAccuracy: number;
  /** How long a tie may wait for one more annotator before it counts by its shares, ms. */
  readonly labelSlaMs: number;
  /** REVEAL_PREDICTION=hard. */
  readonly isAnchored: boolean;
}

type Version = Awaited<ReturnType<EstimateStore['modelVersions']>>[number];

/**
 * The windows of the model versions, as they stand at `now`. Labelled units of a version are read once and serve all its
 * windows; the population counts are read for each.
 * @param changes labels that changed: only the windows that contain one are computed; null: every window
 */
export async function estimateVersions(
  store: EstimateStore,
  settings: EstimateSettings,
  now: number,
  changes: readonly LabelChange[] | null = null,
): Promise<readonly AccuracyEstimate[]> {
  const estimates: AccuracyEstimate[] = [];
  for (const version of await store.modelVersions()) {
    const windows = windowsOf(version, settings.windows, now, changes);
    if (windows.length > 0)
      estimates.push(...(await estimateVersion(store, settings, version, windows, now)));
  }
  return estimates;
}

function windowsOf(
  { modelVersion, firstAt }: Version,
  names: readonly WindowName[],
  now: number,
  changes: readonly LabelChange[] | null,
): readonly Window[] {
  const windows = names.map((name) => rollingWindow(name, now, firstAt));
  if (changes === null) return windows;
  const times = changes
    .filter((change) => change.modelVersion === modelVersion)
    .map(({ at }) => at);
  return windows.filter(({ from, to }) => times.some((at) => at >= from && at < to));
}

async function estimateVersion(
  store: EstimateStore,
  settings: EstimateSettings,
  { modelVersion, firstAt, lastAt }: Version,
  windows: readonly Window[],
  now: number,
): Promise<readonly AccuracyEstimate[]> {
  const from = dayOf(Math.min(...windows.map((window) => window.from)));
  // The evidence goes back to the version's first day, whatever the windows are.
  const units = await store.units(modelVersion, dayOf(firstAt), now, now - settings.labelSlaMs);
  const days = await store.populationDays(modelVersion, from, now);
  const evalue = lastAt < now - DAY_MS ? null : evidenceAgainst(units, settings, firstAt, now);
  const estimates: AccuracyEstimate[] = [];
  for (const window of windows) {
    // A window of many labels takes a while: others have their turn before each.
    await setImmediate();
    estimates.push(
      estimateWindow({
        modelVersion,
        window,
        asOf: now,
        classes: settings.classes,
        segments: settings.segments,
        units,
        // Whole days come as days, so that another window's blocks would not fit.
        blocks: await store.populationBlocks(modelVersion, window.from, window.to),
        days,
        feedbackCounts: await store.feedbackCounts(modelVersion, window.from, window.to),
        evalue,
        isAnchored: settings.isAnchored,
        calibrationMap: fitCalibrationMap(labelledBefore(units, window.from, settings.isAnchored)),
      }),
    );
  }
  return estimates;
}

/** Published only for versions that answer now: without traffic in the last day there is nothing to be alarmed about. */
const evidenceAgainst = (
  units: readonly Unit[],
  settings: EstimateSettings,
  firstAt: number,
  now: number,
): number =>
  belowTargetEvalue({
    evidence: evidenceByDay(units),
    target: settings.targetAccuracy,
    from: firstAt,
    to: now,
  });

/**
 * What a confidence was worth is learned from labels older than the window, never from those that it is compared with; from
 * the random part alone where annotators saw the prediction.
 */
const labelledBefore = (
  units: readonly Unit[],
  before: number,
  isAnchored: boolean,
): Parameters<typeof fitCalibrationMap>[0] =>
  units.flatMap((unit) => {
    const a = correctness(unit);
    if (a === null || unit.at >= before || (isAnchored && !unit.isRandom)) return [];
    return [{ a, m: unit.confidence, pi: isAnchored ? unit.q : unit.pi }];
  });
