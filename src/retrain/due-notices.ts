import type { AccuracyEstimate } from '../domain/estimate.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { Notice, NoticeEvent } from '../domain/notice.ts';
import type { WindowName } from '../domain/window.ts';

/** The alarm's standard, see docs/statistics.md ("The alarm"). */
const ALARM_EVALUE = 20;
/** Evidence this low: what there was against the version is gone, and a new alarm is a new event. */
const CALM_EVALUE = 1;
const DAY_MS = 86_400_000;

export interface RetrainSettings {
  readonly targetAccuracy: number;
  /** 0: never by schedule. */
  readonly everyDays: number;
  /** As the retraining service reaches the web role, without a trailing slash. */
  readonly publicUrl: string;
  /** Window of the dataset that the notice names, and of the estimate that it tells where there is one. */
  readonly window: string;
  /** WINDOWS. */
  readonly windows: readonly WindowName[];
}

/** A version that answers now. */
export interface ServingVersion {
  readonly modelVersion: ModelVersion;
  /** Event time of its first prediction, ms. */
  readonly firstAt: number;
  /** Null: no evidence, or no traffic in the last day. */
  readonly evalue: number | null;
  readonly estimate: Pick<
    AccuracyEstimate,
    'window' | 'accuracy' | 'lower' | 'upper' | 'labels'
  > | null;
}

/**
 * What has to be told now, and which alarms are over.
 * @param known every notice so far @param versions with traffic in the last day, newest traffic first
 * @returns notices to be saved: new ones, and closed ones in place of open ones
 */
export function dueNotices(
  known: readonly Notice[],
  versions: readonly ServingVersion[],
  settings: RetrainSettings,
  now: number,
  makeId: () => string,
): readonly Notice[] {
  const make = (event: NoticeEvent, version: ServingVersion): Notice => ({
    ...{ id: `msg_${makeId()}`, event, modelVersion: version.modelVersion, madeAt: now },
    body: bodyOf(event, version, settings, now),
    ...{ state: 'pending', attempts: 0, notBefore: now, lastError: null, isOpen: true },
  });
  const alarms = versions.flatMap((version) => {
    const open = known.find(
      ({ event, isOpen, modelVersion }) =>
        event === 'accuracy_below_target' && isOpen && modelVersion === version.modelVersion,
    );
    const evalue = version.evalue ?? NaN;
    if (open === undefined)
      return evalue >= ALARM_EVALUE ? [make('accuracy_below_target', version)] : [];
    return evalue < CALM_EVALUE ? [{ ...open, isOpen: false }] : [];
  });
  const [newest] = versions;
  return newest !== undefined && isScheduled(known, newest, settings, now)
    ? [...alarms, make('schedule', newest)]
    : alarms;
}

/** So many days after the last scheduled notice, or after the first prediction of the version where none was sent. */
function isScheduled(
  known: readonly Notice[],
  { firstAt }: ServingVersion,
  { everyDays }: RetrainSettings,
  now: number,
): boolean {
  if (everyDays === 0) return false;
  const sent = known.filter(({ event }) => event === 'schedule').map(({ madeAt }) => madeAt);
  return now >= Math.max(firstAt, ...sent) + everyDays * DAY_MS;
}

function bodyOf(
  event: NoticeEvent,
  { modelVersion, evalue, estimate }: ServingVersion,
  { targetAccuracy, publicUrl, window }: RetrainSettings,
  now: number,
): string {
  return JSON.stringify({
    type: event === 'schedule' ? 'retraining.due' : 'retraining.accuracy_below_target',
    timestamp: new Date(now).toISOString(),
    data: {
      model_version: modelVersion,
      target_accuracy: targetAccuracy,
      evalue,
      accuracy: estimate?.accuracy ?? null,
      lower: estimate?.lower ?? null,
      upper: estimate?.upper ?? null,
      labels: estimate?.labels ?? null,
      window: estimate?.window ?? null,
      dataset_url: `${publicUrl}/api/dataset?window=${window}`,
      dataset_command: `npm run export -- dataset --window ${window} --out DIR`,
    },
  });
}
