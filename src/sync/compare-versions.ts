import type { VersionComparison } from '../domain/comparison.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { VersionPair } from '../domain/shadow-answer.ts';
import { rollingWindow } from '../domain/window.ts';
import { type ComparedUnit, compareOnTraffic } from '../estimate/compare-on-traffic.ts';
import type { EstimateStore } from '../ports/store/estimate-store.ts';
import type { EstimateSettings } from './estimate-versions.ts';

type Store = Pick<
  EstimateStore,
  'versionPairs' | 'modelVersions' | 'pairCounts' | 'differingUnits'
>;
type CountedPair = Awaited<ReturnType<Store['versionPairs']>>[number];

/** Two versions, each of which may have served while the other answered beside. */
interface Comparable {
  readonly modelVersion: ModelVersion;
  readonly baselineVersion: ModelVersion;
  readonly pairs: readonly CountedPair[];
}

/** What is shown stays bounded: pairs with the newest traffic. */
const PAIRS_MAX = 5;

/**
 * Every two versions that answered the same predictions, in every window as it stands at `now`. What they answered alone
 * is not looked at.
 * @returns those with the newest traffic first; none where no second model answers
 */
export async function compareVersions(
  store: Store,
  settings: Pick<EstimateSettings, 'windows' | 'labelSlaMs' | 'isAnchored'>,
  now: number,
): Promise<readonly VersionComparison[]> {
  const pairs = await store.versionPairs();
  if (pairs.length === 0) return [];
  const began = new Map(
    (await store.modelVersions()).map(({ modelVersion, firstAt }) => [modelVersion, firstAt]),
  );
  const comparisons: VersionComparison[] = [];
  for (const two of comparable(pairs, began).slice(0, PAIRS_MAX))
    comparisons.push(...(await compareTwo(store, settings, two, now)));
  return comparisons;
}

/** The sign stays the same whoever serves now: the baseline is the one that began to serve first. */
function comparable(
  pairs: readonly CountedPair[],
  began: ReadonlyMap<ModelVersion, number>,
): readonly Comparable[] {
  const found = new Map<string, Comparable>();
  for (const pair of pairs) {
    const [baselineVersion, modelVersion] = inOrder(pair, began);
    const name = JSON.stringify([baselineVersion, modelVersion]);
    const known = found.get(name)?.pairs ?? [];
    found.set(name, { modelVersion, baselineVersion, pairs: [...known, pair] });
  }
  return [...found.values()];
}

function inOrder(
  { served, other }: VersionPair,
  began: ReadonlyMap<ModelVersion, number>,
): readonly [ModelVersion, ModelVersion] {
  const beganOf = (version: ModelVersion): number => began.get(version) ?? Infinity;
  const isServedFirst =
    beganOf(served) === beganOf(other) ? served < other : beganOf(served) < beganOf(other);
  return isServedFirst ? [served, other] : [other, served];
}

async function compareTwo(
  store: Store,
  settings: Pick<EstimateSettings, 'windows' | 'labelSlaMs' | 'isAnchored'>,
  { modelVersion, baselineVersion, pairs }: Comparable,
  now: number,
): Promise<readonly VersionComparison[]> {
  const firstAt = Math.min(...pairs.map((pair) => pair.firstAt));
  const windows = settings.windows.map((name) => rollingWindow(name, now, firstAt));
  const from = Math.min(...windows.map((window) => window.from));
  const units: ComparedUnit[] = [];
  for (const pair of pairs)
    for (const unit of await store.differingUnits(pair, from, now, now - settings.labelSlaMs))
      units.push({ unit, isBaselineServed: pair.served === baselineVersion });
  return Promise.all(
    windows.map(async (window) => {
      const counts = await Promise.all(
        pairs.map((pair) => store.pairCounts(pair, window.from, window.to)),
      );
      return compareOnTraffic({
        ...{ modelVersion, baselineVersion, window, units, asOf: now },
        counts: {
          answered: counts.reduce((sum, { answered }) => sum + answered, 0),
          differ: counts.reduce((sum, { differ }) => sum + differ, 0),
        },
        isAnchored: settings.isAnchored,
      });
    }),
  );
}
