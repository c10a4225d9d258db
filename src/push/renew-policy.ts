import { HISTOGRAM_BINS } from '../domain/population.ts';
import type { Policy } from '../domain/selection.ts';
import { dayOf } from '../domain/window.ts';
import type { Random } from '../ports/random.ts';
import type { EstimateStore } from '../ports/store/estimate-store.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { SelectionStore } from '../ports/store/selection-store.ts';
import { makePolicy, type Shares } from '../select/policy.ts';
import { readToday } from './today.ts';

const POLICY_MS = 60_000;
const DAY_MS = 86_400_000;
/** Confidences of these days, of the versions with the newest traffic, stand for what is to come. */
const CONFIDENCE_DAYS = 7;
const CONFIDENCE_VERSIONS = 5;

export interface RenewPolicyDeps {
  readonly store: Pick<
    SelectionStore,
    'currentPolicy' | 'savePolicy' | 'arrivals' | 'selectedOnDay' | 'labelFlow'
  > &
    Pick<EstimateStore, 'modelVersions' | 'populationDays'>;
  readonly random: Pick<Random, 'id'>;
}

export interface RenewPolicySettings {
  readonly design: Policy['design'];
  readonly shares: Shares;
  readonly budgetPerDay: number;
}

/**
 * Makes the policy for the predictions to come, at most once a minute.
 * @param now ms since the epoch
 * @returns the new policy, or null while the one in force is younger than a minute
 */
export async function renewPolicy(
  { store, random }: RenewPolicyDeps,
  settings: RenewPolicySettings,
  now: number,
  fence: Fence,
): Promise<Policy | null> {
  const current = await store.currentPolicy();
  if (current !== null && now - current.madeAt < POLICY_MS) return null;
  const { forecast, budgetLeft } = await readToday(store, settings.budgetPerDay, now);
  const policy = makePolicy({
    id: random.id(),
    madeAt: now,
    design: settings.design,
    shares: settings.shares,
    budgetLeft,
    restOfDay: forecast.restOfDay,
    confidences:
      settings.design === 'confidence'
        ? await recentConfidences(store, now)
        : new Float64Array(HISTOGRAM_BINS),
  });
  await store.savePolicy(policy, fence);
  return policy;
}

async function recentConfidences(
  store: RenewPolicyDeps['store'],
  now: number,
): Promise<Float64Array> {
  const sum = new Float64Array(HISTOGRAM_BINS);
  const versions = (await store.modelVersions()).slice(0, CONFIDENCE_VERSIONS);
  for (const { modelVersion } of versions) {
    const from = dayOf(now) - CONFIDENCE_DAYS * DAY_MS;
    for (const { histogram } of await store.populationDays(modelVersion, from, now + DAY_MS))
      histogram.forEach((count, bin) => {
        sum[bin] = (sum[bin] ?? 0) + count;
      });
  }
  return sum;
}
