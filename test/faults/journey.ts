import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';

import { openDiskObjects } from '../../src/adapters/disk/open-disk-objects.ts';
import { createLabelStudio } from '../../src/adapters/label-studio/create-label-studio.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { parseConfig } from '../../src/config/parse-config.ts';
import {
  AppError,
  LabelingToolUnavailable,
  ObjectStoreUnavailable,
  StoreUnavailable,
} from '../../src/domain/errors.ts';
import { modelVersion, objectKey, type PredictionId, predictionId } from '../../src/domain/ids.ts';
import type { LabelingTool } from '../../src/ports/labeling-tool.ts';
import type { Store } from '../../src/ports/store.ts';
import { createRecorder } from '../../src/record/record-prediction.ts';
import { firstPolicy } from '../../src/select/policy.ts';
import { createRunSync } from '../../src/sync/run-sync.ts';
import { NO_ORDERS } from '../../src/sync/sync-loop.ts';
import { createImageLinks } from '../../src/web/image-links.ts';
import { createSyncSteps } from '../../src/wire/sync-steps.ts';
import { createCountingMeter } from '../fakes/counting-meter.ts';
import { type FakeLabelStudio, startFakeLabelStudio } from '../fakes/label-studio.ts';
import { peopleOf } from '../fakes/label-studio-people.ts';
import { temporaryFolder } from '../servers/server.ts';
import type { Fault } from './fault.ts';
import { CLASSES } from './installation.ts';

const PREDICTIONS = 3;
const HOUR_MS = 3_600_000;

/** The whole way of three predictions, step by step, where any call of store, images or labelling tool may fail once. */
export interface Journey {
  /** Repeats each step until it succeeds, as users and the schedule do. @returns records that were compared @throws when something stays wrong */
  walk(): Promise<number>;
  close(): Promise<void>;
}

/** @param open a store that nobody has used; `close` is left to the caller */
export async function prepareJourney(store: Store, fault: Fault): Promise<Journey> {
  const folder = temporaryFolder('journey');
  const fake = await startFakeLabelStudio();
  const meter = createCountingMeter();
  // Half past noon of tomorrow and on: no journey meets the end of a UTC day.
  let ahead = Math.ceil(Date.now() / 86_400_000) * 86_400_000 + 12.5 * HOUR_MS - Date.now();
  const clock = { now: (): number => Date.now() + ahead };
  const log = { error: noted, warn: noted, info: noted, debug: noted };
  const around = {
    clock,
    random: systemRandom,
    log,
    build: { version: '0', revision: '0' },
    meter,
  };
  const config = configOf(folder, fake);
  const objects = fault.around(
    await openDiskObjects({ dir: path.join(folder, 'objects') }),
    OBJECTS,
  );
  const failing = fault.around(store, STORE);
  const tool = createLabelStudio({
    ...{ baseUrl: fake.url, publicUrl: fake.url, token: fake.token, clock, meter },
    random: systemRandom,
    // A fault is met by the steps, not by the client's own repeats.
    resilience: { retriesMax: 0, failuresMax: 1000 },
  });
  const links = createImageLinks({ publicUrl: 'http://127.0.0.1', keys: ['a-key'], days: 1 });
  const steps = createSyncSteps(
    config,
    {
      classes: CLASSES,
      lowConfidenceThreshold: () => 0.7,
      model: null,
      shadow: null,
      offline: [],
      examples: { pictures: [], faults: [] },
    },
    { store: failing, objects, close: () => Promise.resolve() },
    links,
    { ...fault.around<LabelingTool>(tool, TOOL), close: () => undefined },
    around,
  );
  const execute = createRunSync({ ...around, steps, runs: failing, holder: 'journey' });
  const people = peopleOf(fake.url, fake.token);

  const record = createRecorder({
    store: failing,
    objects,
    policyInForce: async () => (await failing.currentPolicy()) ?? POLICY,
    meter,
    lowConfidenceThreshold: () => 0.7,
  });

  const report = async (index: number): Promise<PredictionId> => {
    const id = predictionId(systemRandom.id());
    const jpeg = Buffer.from(`picture ${index}`);
    const now = clock.now();
    const recorded = await record(
      {
        modelVersion: modelVersion('v1'),
        predictedClass: 'red',
        confidence: 0.9,
        probabilities: null,
      },
      { jpeg, contentDigest: String(index), objectKey: objectKey(`images/${id}`) },
      { id, at: now, recordedAt: now, segment: '', source: 'reported', externalId: `r${index}` },
    );
    return recorded.id;
  };

  /** One run that does everything: the hour of reconciliation and the back-off of the outbox are over. */
  const run = async (): Promise<void> => {
    ahead += HOUR_MS;
    const id = systemRandom.id();
    await execute(id, 'request', NO_ORDERS, new AbortController().signal);
    const said = await store.findRun(id);
    if (said?.result !== 'success') throw new StoreUnavailable(`run ${said?.error ?? 'not noted'}`);
  };

  return {
    async walk() {
      const ids: PredictionId[] = [];
      for (let index = 0; index < PREDICTIONS; index += 1)
        ids.push(await insist(() => report(index)));
      await insist(run);
      const tasks = [...fake.records.tasks.values()];
      const [first, second, third] = tasks.map(({ id }) => id);
      const kept = await people.annotate(first ?? 0, ['red']);
      const removed = await people.annotate(second ?? 0, ['green']);
      await people.skip(third ?? 0);
      await insist(run);
      await people.edit(kept, ['green']);
      await people.removeAnnotation(removed);
      await insist(run);
      await assertInOrder(store, fake, ids);
      return ids.length + tasks.length + fake.records.annotations.size;
    },
    async close() {
      tool.close();
      await fake.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const noted = (): void => undefined;

const POLICY = firstPolicy({
  id: 'first',
  madeAt: 0,
  design: 'shares',
  shares: { random: 0.6, lowConfidence: 0.2, disputed: 0.2 },
  confidences: new Float64Array(1000),
});

const STORE = (): Error => new StoreUnavailable('the store failed on purpose');
const OBJECTS = (): Error => new ObjectStoreUnavailable('the object store failed on purpose');
const TOOL = (): Error => new LabelingToolUnavailable('Label Studio failed on purpose');

const ATTEMPTS = 4;

/** One fault is met once: the second or third attempt succeeds. */
async function insist<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError) || attempt === ATTEMPTS) throw error;
    }
  }
}

const configOf = (folder: string, fake: FakeLabelStudio): ReturnType<typeof parseConfig> =>
  parseConfig({
    DATA_DIR: folder,
    LABEL_STUDIO_URL: fake.url,
    LABEL_STUDIO_TOKEN: fake.token,
    LABEL_STUDIO_USERNAME: 'a@example.com',
    PUSH_DELAY_SECONDS: '0',
    WINDOWS: '1d,all',
    ...Object.fromEntries(
      [
        ...['LABEL_STUDIO_PASSWORD', 'WEBHOOK_SECRET', 'RETRAIN_WEBHOOK_SECRET', 'INGEST_KEY'],
        ...['IMAGE_URL_KEY', 'SAMPLING_KEY', 'OPS_KEY'],
      ].map((name) => [name, randomBytes(16).toString('hex')]),
    ),
  });

/** Everything happened once: records, projects, webhooks, tasks, annotations, what is counted and what is estimated. */
async function assertInOrder(
  store: Store,
  { records }: FakeLabelStudio,
  ids: readonly PredictionId[],
): Promise<void> {
  assert.equal(new Set(ids).size, PREDICTIONS);
  assert.equal(records.projects.size, 3, 'projects');
  assert.equal(records.webhooks.size, 3, 'webhooks');
  assert.deepEqual(
    [...records.tasks.values()].map(({ data }) => data['prediction_id']).sort(),
    [...ids].sort(),
    'one task each',
  );
  for (const { id, data } of records.tasks.values()) {
    const task = await store.findTask(data['prediction_id'] as PredictionId);
    assert.equal(task?.taskId, id);
    const there = [...records.annotations.values()].filter(({ task: of }) => of === id);
    assert.deepEqual(
      task.annotations.map(({ annotationId }) => annotationId),
      there.map((annotation) => annotation.id),
      'annotations',
    );
  }
  const { pending, dead } = await store.outboxState();
  assert.deepEqual({ pending, dead }, { pending: 0, dead: 0 }, 'outbox');
  const estimate = (await store.latestEstimates()).find(({ window }) => window === 'all');
  assert.equal(estimate?.predictions, PREDICTIONS, 'predictions in the population');
  assert.equal(estimate.labels, 1, 'labels that count');
}
