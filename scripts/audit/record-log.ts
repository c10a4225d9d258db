import { readFile } from 'node:fs/promises';

import { normaliseImage } from '../../src/adapters/sharp/normalise-image.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { uploadLimits } from '../../src/config/upload-limits.ts';
import { UploadRejected } from '../../src/domain/errors.ts';
import { predictionId } from '../../src/domain/ids.ts';
import type { Policy } from '../../src/domain/selection.ts';
import type { Log as SystemLog } from '../../src/ports/log.ts';
import type { Fence } from '../../src/ports/store/fence.ts';
import type { OutboxEntry } from '../../src/ports/store/outbox-store.ts';
import { chooseTasks } from '../../src/push/choose-tasks.ts';
import { createRecorder } from '../../src/record/record-prediction.ts';
import { permanentRandomNumber } from '../../src/select/permanent-random-number.ts';
import { makePolicy } from '../../src/select/policy.ts';
import { holdLease } from '../../src/sync/hold-lease.ts';
import { acceptUpload, awaitUpload } from '../../src/upload/accept-upload.ts';
import type { Records } from '../../src/wire/records.ts';
import { createProgress } from '../records/progress.ts';
import { unmetered } from '../records/unmetered.ts';
import type { Images } from './find-images.ts';
import type { Installation } from './installation.ts';
import { type Log, type LogSummary, predictionsIn } from './read-log.ts';
import type { LoggedPrediction } from './read-row.ts';

/** Recorded at once: the store writes what comes together with one flush. */
const GROUP = 250;

/** An audit's store has one process, as every SQLite store. */
export const HOLDER = 'the only process';

interface Audit extends Installation {
  readonly records: Records;
  readonly log: Log;
  readonly images: Images;
}

/** A selected prediction whose picture can't be shown to anybody. */
export interface Unreadable {
  readonly image: string;
  readonly why: string;
}

/**
 * Records the log under one policy, draws the sample and keeps the pictures of what was drawn. Cut off and repeated, it
 * goes on: a row is a prediction once, and what was drawn stays drawn.
 * @returns the drawn predictions whose picture can't be read
 */
export async function recordAndSelect(
  audit: Audit,
  summary: LogSummary,
  systemLog: SystemLog,
): Promise<readonly Unreadable[]> {
  const { records, plan, config } = audit;
  const lease = await holdLease({
    ...{ runs: records.store, holder: HOLDER, clock: systemClock, log: systemLog },
  });
  if (lease === null) throw new Error('the lease of a store with one process was taken');
  try {
    const { labels, openTasks } = await records.store.labelFlow(0);
    if (labels + openTasks === 0) await recordLog(audit, policyFor(audit, summary));
    // A run that was cut off while it drew left the rest undecided.
    await choose(audit, lease.fence);
    return await keepPictures(audit, lease.fence);
  } finally {
    await lease.release();
  }

  async function choose({ records: { store } }: Audit, fence: Fence): Promise<void> {
    const key = Buffer.from(config.SAMPLING_KEY);
    await chooseTasks(
      { store, random: systemRandom, meter: unmetered },
      {
        pushDelayMs: 0,
        budgetPerDay: plan.budget,
        isDeduplicating: false,
        numberOf: (id) => permanentRandomNumber(key, id),
      },
      // All of the log is decided as on the day on which the audit began, whenever this comes to run.
      plan.startedAt + 1,
      fence,
    );
  }
}

/**
 * The traffic to come is known for once: it is the log. Rates alone draw about as many as they are made for; made for four
 * standard deviations more, they are cut down by the cap to the budget itself, with known probabilities all the same.
 */
const policyFor = ({ plan, config }: Audit, { confidences }: LogSummary): Policy =>
  makePolicy({
    id: 'audit',
    madeAt: plan.startedAt,
    design: 'confidence',
    shares: {
      random: config.SHARE_RANDOM,
      lowConfidence: config.SHARE_LOW_CONFIDENCE,
      disputed: config.SHARE_DISPUTED,
    },
    budgetLeft: plan.budget + 4 * Math.sqrt(plan.budget),
    restOfDay: [plan.predictions, 0, 0, 0],
    confidences,
  });

async function recordLog(audit: Audit, policy: Policy): Promise<void> {
  const { records, plan, log, images } = audit;
  const record = createRecorder({
    ...records,
    policyInForce: () => Promise.resolve(policy),
    meter: unmetered,
    lowConfidenceThreshold: () => 0,
  });
  const recordOne = async ({ line, at, answer }: LoggedPrediction): Promise<void> => {
    const id = predictionId(systemRandom.id());
    await record(answer, awaitUpload(id, plan.startedAt), {
      ...{ id, at, recordedAt: plan.startedAt, segment: '', source: 'reported' },
      externalId: String(line),
    });
  };
  const progress = createProgress();
  let done = 0;
  let group: LoggedPrediction[] = [];
  const settle = async (): Promise<void> => {
    await Promise.all(group.map(recordOne));
    done += group.length;
    group = [];
    progress(
      () =>
        `${done.toLocaleString('en')} of ${plan.predictions.toLocaleString('en')} predictions recorded`,
    );
  };
  for await (const prediction of predictionsIn(log, plan.startedAt)) {
    if (images.find(prediction.image) === null) continue;
    group.push(prediction);
    if (group.length === GROUP) await settle();
  }
  await settle();
}

/** Keeps the pictures that the tasks to be made will show; what can't be read is buried, and tried again the next time. */
async function keepPictures(audit: Audit, fence: Fence): Promise<readonly Unreadable[]> {
  const { records, plan } = audit;
  const { store } = records;
  await store.redrive(null);
  const entries = await store.dueEntries('create_task', Number.MAX_SAFE_INTEGER, 2 * plan.budget);
  if (entries.length === 0) return [];
  const imageOf = await imagesByLine(audit);
  const unreadable: Unreadable[] = [];
  const progress = createProgress();
  for (const [index, entry] of entries.entries()) {
    progress(() => `${index} of ${entries.length} pictures prepared`);
    const fault = await keepPicture(audit, entry, imageOf);
    if (fault === null) continue;
    unreadable.push(fault);
    await store.bury([entry.id], fault.why, fence);
  }
  return unreadable;
}

async function imagesByLine({ log, plan }: Audit): Promise<ReadonlyMap<string, string>> {
  const images = new Map<string, string>();
  for await (const { line, image } of predictionsIn(log, plan.startedAt))
    images.set(String(line), image);
  return images;
}

async function keepPicture(
  { records: { store, objects }, images, config }: Audit,
  { predictionId: id }: OutboxEntry,
  imageOf: ReadonlyMap<string, string>,
): Promise<Unreadable | null> {
  const prediction = await store.findPrediction(id);
  if (prediction === null || (await objects.has(prediction.objectKey))) return null;
  const image = imageOf.get(prediction.externalId ?? '') ?? '';
  const file = images.find(image);
  if (file === null) return { image, why: 'the file is not there any more' };
  try {
    const bytes = await readFile(file);
    const { jpeg } = await acceptUpload(bytes, id, prediction.recordedAt, (given) =>
      normaliseImage(given, uploadLimits(config)),
    );
    await objects.put(prediction.objectKey, jpeg);
    return null;
  } catch (error) {
    if (error instanceof UploadRejected) return { image, why: error.message };
    throw error;
  }
}
