import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { openDiskObjects } from '../../src/adapters/disk/open-disk-objects.ts';
import {
  createLabelStudio,
  type LabelStudio,
} from '../../src/adapters/label-studio/create-label-studio.ts';
import { projectSpec, readProjectFiles } from '../../src/adapters/label-studio/project-files.ts';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import type { Task } from '../../src/domain/annotation.ts';
import { modelVersion, objectKey, type PredictionId, predictionId } from '../../src/domain/ids.ts';
import type { Prediction } from '../../src/domain/prediction.ts';
import { PROJECT_KINDS, type ProjectKind } from '../../src/domain/selection.ts';
import { dayOf } from '../../src/domain/window.ts';
import type { Log } from '../../src/ports/log.ts';
import type { ObjectStore } from '../../src/ports/object-store.ts';
import type { Store } from '../../src/ports/store.ts';
import type { Fence } from '../../src/ports/store/fence.ts';
import type { AbsorbSettings } from '../../src/pull/absorb-tasks.ts';
import type { DeletionsDecision } from '../../src/pull/mend-missing.ts';
import { pullAnnotations, type PullResult } from '../../src/pull/pull-annotations.ts';
import { type ReconcileResult, reconcileTasks } from '../../src/pull/reconcile-tasks.ts';
import { chooseTasks } from '../../src/push/choose-tasks.ts';
import {
  createEnsureProjects,
  type EnsuredProject,
  type EnsureProjectsSettings,
} from '../../src/push/ensure-projects.ts';
import { pushTasks } from '../../src/push/push-tasks.ts';
import type { PushResult, PushTasksSettings } from '../../src/push/send-batch.ts';
import { type CountingMeter, createCountingMeter } from './counting-meter.ts';
import { type FakeLabelStudio, startFakeLabelStudio } from './label-studio.ts';
import { type People, peopleOf } from './label-studio-people.ts';

export const CLASSES = ['bread', 'rice', 'soup'];

/** The steps between the records and a fake Label Studio, on a real store in a temporary folder. */
export interface Loop {
  /** Replace a method to make it fail. */
  store: Store;
  objects: ObjectStore;
  fence: Fence;
  readonly fake: FakeLabelStudio;
  tool: LabelStudio;
  readonly people: People;
  readonly meter: CountingMeter;
  /** 'level event' of every line. */
  readonly logged: string[];
  /** Moves the loop's clock forward; Label Studio's own goes on as it is. */
  advance(ms: number): void;
  now(): number;
  settings: {
    choose: { isDeduplicating: boolean; numberOf: (id: PredictionId) => number };
    ensure: EnsureProjectsSettings;
    push: PushTasksSettings;
    absorb: AbsorbSettings;
  };
  /** Records predictions that are certain to be selected, by default for the random project. */
  record(count: number, changes?: Partial<Prediction>): Promise<PredictionId[]>;
  /** Selects what was recorded. */
  choose(): Promise<void>;
  /** Ensures the projects by a new keeper, as after a start of the program. */
  ensure(): Promise<readonly EnsuredProject[]>;
  push(): Promise<PushResult>;
  pull(): Promise<PullResult>;
  reconcile(decision?: DeletionsDecision | null): Promise<ReconcileResult>;
  /** Records, selects and pushes. */
  pushed(count: number, changes?: Partial<Prediction>): Promise<PredictionId[]>;
  task(id: PredictionId): Promise<Task>;
  projectId(kind?: ProjectKind): Promise<number>;
  /** Ids of the tasks that Label Studio holds for a prediction. */
  tasksThere(id: PredictionId): number[];
  close(): Promise<void>;
}

/** Rates that put a prediction into a project of its own: only the first reason counts. */
export const RATES: Readonly<Record<ProjectKind, Prediction['rates']>> = {
  random: { random: 1, lowConfidence: 0, disputed: 0, spare: 0 },
  low_confidence: { random: 0, lowConfidence: 1, disputed: 0, spare: 0 },
  disputed: { random: 0, lowConfidence: 0, disputed: 1, spare: 0 },
};

export async function openLoop(): Promise<Loop> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-loop-'));
  const store = await openSqliteStore({ path: path.join(folder, 'records.sqlite') });
  const objects = await openDiskObjects({ dir: path.join(folder, 'objects') });
  const fake = await startFakeLabelStudio();
  const meter = createCountingMeter();
  const logged: string[] = [];
  const log = logInto(logged);
  // Noon of tomorrow: no test meets the end of a UTC day.
  let ahead = dayOf(Date.now()) + 1.5 * 86_400_000 - Date.now();
  const clock = { now: (): number => Date.now() + ahead };
  const fence = await store.acquireLease('sync', 'test', clock.now(), 86_400_000);
  assert.ok(fence !== null);
  const files = readProjectFiles('label-studio');
  const project = {
    prefix: 'Loop',
    deployment: 'test',
    annotatorsPerTask: 1,
    isRevealed: false,
    examples: [],
    isAudit: false,
  };
  const loop: Loop = {
    store,
    objects,
    fence,
    fake,
    tool: createLabelStudio({
      baseUrl: fake.url,
      publicUrl: fake.url,
      token: fake.token,
      clock,
      meter,
      random: systemRandom,
      timeoutMs: 2000,
      resilience: { retriesMax: 1, backoffMs: 1, failuresMax: 1000 },
    }),
    people: peopleOf(fake.url, fake.token),
    meter,
    logged,
    advance: (ms) => {
      ahead += ms;
    },
    now: () => clock.now(),
    settings: {
      choose: { isDeduplicating: false, numberOf: () => 0.5 },
      ensure: {
        kinds: PROJECT_KINDS,
        classes: CLASSES,
        specOf: (kind, classes) => projectSpec(files, project, kind, classes),
        webhook: { url: 'http://127.0.0.1:9/webhooks/label-studio', secret: 'secret' },
      },
      push: {
        imageUrl: (id) => `http://127.0.0.1/images/${id}`,
        isRevealed: false,
        imageWaitMs: 7 * 86_400_000,
      },
      absorb: {
        classes: CLASSES,
        annotationsPerTask: 1,
        overlapShare: 0,
        overlapNumber: () => 0.5,
      },
    },
    async record(count, changes = {}) {
      const ids = Array.from({ length: count }, () => predictionId(randomUUID()));
      for (const id of ids) await loop.store.recordPrediction(prediction(id, clock.now(), changes));
      return ids;
    },
    async choose() {
      const settings = { pushDelayMs: -1, budgetPerDay: 1_000_000, ...loop.settings.choose };
      const deps = { store: loop.store, random: systemRandom, meter };
      await chooseTasks(deps, settings, clock.now(), loop.fence);
    },
    async ensure() {
      const keep = createEnsureProjects({ ...loop, log }, loop.settings.ensure);
      const { projects, refusal } = await keep(loop.fence);
      if (refusal !== null) throw refusal;
      return projects;
    },
    push: () =>
      pushTasks({ ...loop, clock, random: systemRandom, log }, loop.settings.push, loop.fence),
    pull: () => pullAnnotations({ ...loop, clock }, loop.settings.absorb, loop.fence),
    reconcile: (decision = null) =>
      reconcileTasks({ ...loop, clock, log }, loop.settings.absorb, loop.fence, decision),
    async pushed(count, changes) {
      const ids = await loop.record(count, changes);
      await loop.choose();
      const { error } = await loop.push();
      assert.equal(error, null);
      return ids;
    },
    async task(id) {
      const task = await loop.store.findTask(id);
      assert.ok(task !== null, `no task of ${id}`);
      return task;
    },
    async projectId(kind = 'random') {
      const id = await loop.store.projectId(kind);
      assert.ok(id !== null);
      return id;
    },
    tasksThere: (id) =>
      [...fake.records.tasks.values()]
        .filter(({ data }) => data['prediction_id'] === id)
        .map((task) => task.id),
    async close() {
      loop.tool.close();
      await fake.close();
      await store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return loop;
}

function prediction(id: PredictionId, at: number, changes: Partial<Prediction>): Prediction {
  return {
    id,
    at,
    recordedAt: at,
    modelVersion: modelVersion('v1'),
    predictedClass: 'soup',
    confidence: 0.8125,
    probabilities: { soup: 0.8125, bread: 0.1, rice: 0.0875 },
    segment: '',
    objectKey: objectKey(`images/${id}`),
    contentDigest: id,
    isLowConfidence: false,
    policyId: 'policy',
    rates: RATES.random,
    source: 'web',
    externalId: null,
    ...changes,
  };
}

function logInto(lines: string[]): Log {
  const at =
    (level: string) =>
    (_fields: object, event: string): void => {
      lines.push(`${level} ${event}`);
    };
  return { error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

/** Every kind's project, with the tasks that it holds. */
export async function tasksByProject(loop: Loop): Promise<Record<ProjectKind, number>> {
  const counts = { random: 0, low_confidence: 0, disputed: 0 };
  for (const kind of PROJECT_KINDS)
    counts[kind] = loop.fake.records.tasksOf(await loop.projectId(kind)).length;
  return counts;
}
