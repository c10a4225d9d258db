import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { Notice } from '../domain/notice.ts';
import { ofWindows } from '../domain/window.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { NoticeSender } from '../ports/notice-sender.ts';
import type { Random } from '../ports/random.ts';
import type { EstimateStore } from '../ports/store/estimate-store.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { NoticeStore } from '../ports/store/notice-store.ts';
import { dueNotices, type RetrainSettings, type ServingVersion } from './due-notices.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Pauses after a failed send, as Standard Webhooks recommends them; then the notice is given up. */
const PAUSES_MS = [
  ...[5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS],
  ...[2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS, 14 * HOUR_MS, 20 * HOUR_MS, 24 * HOUR_MS],
];
/** Share by which a pause may be longer, so that many installations do not come back at once. */
const JITTER = 0.2;

export interface TellingDeps {
  readonly store: NoticeStore & Pick<EstimateStore, 'latestEstimates' | 'modelVersions'>;
  readonly sender: NoticeSender;
  readonly random: Random;
  readonly meter: Meter;
  readonly log: Log;
}

/**
 * Tells the retraining service what there is to tell, and tries again what did not arrive. A notice is kept before it is
 * sent: a crash in between sends it twice under one id, never loses it.
 */
export async function tellRetraining(
  deps: TellingDeps,
  settings: RetrainSettings,
  now: number,
  fence: Fence,
): Promise<void> {
  const { store } = deps;
  const versions = await servingVersions(store, settings, now);
  for (const notice of dueNotices(await store.notices(), versions, settings, now, () =>
    deps.random.id(),
  ))
    await store.saveNotice(notice, fence);
  for (const notice of await store.notices())
    if (notice.state === 'pending' && notice.notBefore <= now) await send(deps, notice, now, fence);
}

async function servingVersions(
  store: TellingDeps['store'],
  { window, windows }: RetrainSettings,
  now: number,
): Promise<readonly ServingVersion[]> {
  const estimates = ofWindows(await store.latestEstimates(), windows);
  const serving = (await store.modelVersions()).filter(({ lastAt }) => lastAt >= now - DAY_MS);
  return serving.map(({ modelVersion, firstAt }) => {
    const own = estimates
      .filter((estimate) => estimate.modelVersion === modelVersion)
      .sort((a, b) => b.asOf - a.asOf);
    const told: AccuracyEstimate | undefined =
      own.find((estimate) => estimate.window === window) ?? own[0];
    return {
      ...{ modelVersion, firstAt },
      evalue: own[0]?.evalue ?? null,
      estimate: told ?? null,
    };
  });
}

async function send(
  { store, sender, random, meter, log }: TellingDeps,
  notice: Notice,
  now: number,
  fence: Fence,
): Promise<void> {
  const { id, event } = notice;
  const delivery = await sender.send(notice, now);
  if (delivery.kind === 'delivered') {
    await store.saveNotice({ ...notice, state: 'delivered', lastError: null }, fence);
    meter.increment('truthloop_retrain_notices_total', { event, result: 'delivered' });
    log.info({ noticeId: id, noticeEvent: event }, 'retraining told');
    return;
  }
  const attempts = notice.attempts + 1;
  const pause = delivery.kind === 'failed' ? PAUSES_MS[notice.attempts] : undefined;
  const failed = { ...notice, attempts, lastError: delivery.why };
  if (pause === undefined) {
    await store.saveNotice({ ...failed, state: 'given_up' }, fence);
    meter.increment('truthloop_retrain_notices_total', { event, result: 'given_up' });
    log.error(
      { noticeId: id, noticeEvent: event, why: delivery.why },
      'retraining not told: given up',
    );
    return;
  }
  const asked = delivery.kind === 'failed' ? (delivery.retryAfterMs ?? 0) : 0;
  const jittered = pause * (1 + JITTER * random.uniform());
  await store.saveNotice({ ...failed, notBefore: now + Math.max(asked, jittered) }, fence);
  meter.increment('truthloop_retrain_notices_total', { event, result: 'failed' });
  log.warn({ noticeId: id, why: delivery.why, attempts }, 'retraining not told yet');
}
