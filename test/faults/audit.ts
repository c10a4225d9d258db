import assert from 'node:assert/strict';

import { DatabaseSync } from '@photostructure/sqlite';

import {
  type ExportedTask,
  independentEstimate,
  type RecordedPrediction,
} from '../e2e/independent-estimate.ts';
import { CLASSES } from './installation.ts';
import type { Ledger } from './users.ts';

/** A Label Studio as its owner sees it, past every proxy. */
export interface LabelStudioAt {
  readonly url: string;
  readonly token: string;
}

/** Where to look, and with what keys. */
export interface Place {
  readonly webUrl: string;
  readonly syncUrl: string;
  readonly opsKey: string;
  readonly labelStudio: LabelStudioAt;
  readonly projectPrefix: string;
}

export interface Audited {
  /** Predictions, tasks and annotations that were compared. */
  readonly records: number;
  readonly labels: number;
}

type Recorded = RecordedPrediction & {
  readonly is_disputed: boolean;
  readonly feedback: readonly { readonly kind: string }[];
  readonly task: { readonly task_id: number; readonly annotations: number } | null;
};

export interface ListedTask extends ExportedTask {
  readonly id: number;
  readonly annotations: readonly (ExportedTask['annotations'][number] & { readonly id: number })[];
}

/**
 * Everything that must hold when nothing is wrong any more and all work is done.
 * @throws AssertionError that says what was lost or doubled
 */
export async function audit(place: Place, ledger: Ledger): Promise<Audited> {
  const ids = [...ledger.acknowledged.values()];
  assert.equal(new Set(ids).size, ids.length, 'two reports share one record');
  const records = await recordsOf(place, ids);
  const projects = await projectsOf(place);
  assert.equal(projects.length, 3, 'doubled or lost: projects');
  const tasks = await tasksOf(place, projects);
  assertOneTaskEach(records, tasks);
  assertFeedback(records, ledger);
  const labels = await assertEstimate(place, records, tasks);
  const annotations = assertAnnotations(records, tasks);
  assert.deepEqual(await gauges(place.syncUrl, 'truthloop_outbox_dead'), { total: 0 }, 'dead work');
  return { records: records.length + tasks.length + annotations, labels };
}

async function recordsOf(place: Place, ids: readonly string[]): Promise<Recorded[]> {
  const records: Recorded[] = [];
  for (const id of ids) {
    const answer = await fetch(`${place.webUrl}/api/predictions/${id}`, {
      headers: { Authorization: `Bearer ${place.opsKey}` },
    });
    assert.equal(answer.status, 200, `lost: prediction ${id} was acknowledged and is not there`);
    records.push((await answer.json()) as Recorded);
  }
  return records;
}

/**
 * All tasks of the installation's projects, with their annotations. While work is under way there may be more than three
 * projects: one whose making was not heard of is made again, and the double removed by a later run.
 */
export const tasksIn = (place: Place): Promise<ListedTask[]> =>
  patiently(async () => tasksOf(place, await projectsOf(place)));

async function tasksOf({ labelStudio }: Place, projects: readonly number[]): Promise<ListedTask[]> {
  const exports = await Promise.all(
    projects.map((id) =>
      ask<ListedTask[]>(
        labelStudio,
        `/api/projects/${id}/export?exportType=JSON&download_all_tasks=true`,
      ),
    ),
  );
  return exports.flat();
}

async function projectsOf({ labelStudio, projectPrefix }: Place): Promise<number[]> {
  const found: number[] = [];
  for (let page = 1; ; page += 1) {
    const { results, next } = await ask<{
      results: { id: number; title: string }[];
      next: string | null;
    }>(labelStudio, `/api/projects/?page=${page}&page_size=100&ordering=id&include=id,title`);
    found.push(
      ...results.filter(({ title }) => title.startsWith(`${projectPrefix} `)).map(({ id }) => id),
    );
    // In the order of ids one that is made meanwhile comes last, and pushes no other out of the answer.
    if (next === null) return found;
  }
}

const ask = <Value>({ url, token }: LabelStudioAt, path: string): Promise<Value> =>
  patiently(async () => {
    const answer = await fetch(url + path, { headers: { Authorization: `Token ${token}` } });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} of Label Studio`);
    return (await answer.json()) as Value;
  });

const ATTEMPTS = 5;

/**
 * What people and auditors do is repeated when Label Studio answers 5xx, since its own database is busy then, and when what
 * they found is gone by now.
 */
export async function patiently<Value>(act: () => Promise<Value>): Promise<Value> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await act();
    } catch (error) {
      if (attempt === ATTEMPTS || !/: (404|5\d\d) /.test((error as Error).message)) throw error;
    }
  }
}

function assertOneTaskEach(records: readonly Recorded[], tasks: readonly ListedTask[]): void {
  const selected = records.filter(({ decision }) => decision.is_selected).map(({ id }) => id);
  const made = tasks.map(({ data }) => data.prediction_id);
  const doubled = made.filter((id, index) => made.indexOf(id) !== index);
  assert.deepEqual(doubled, [], 'doubled: several tasks of one prediction');
  const there = new Set(made);
  assert.deepEqual(
    selected.filter((id) => !there.has(id)),
    [],
    'lost: selected predictions without a task',
  );
  const wanted = new Set(selected);
  assert.deepEqual(
    made.filter((id) => !wanted.has(id)),
    [],
    'tasks of predictions that were not selected',
  );
}

function assertFeedback(records: readonly Recorded[], { flagged }: Ledger): void {
  for (const { id, feedback } of records) {
    const flags = feedback.filter(({ kind }) => kind === 'flag').length;
    if (flagged.has(id)) assert.equal(flags, 1, `the flag of ${id} is there ${flags} times`);
  }
}

/** Each task's record counts the annotations that are there, no more and no less. */
function assertAnnotations(records: readonly Recorded[], tasks: readonly ListedTask[]): number {
  const live = new Map(tasks.map((task) => [task.data.prediction_id, task.annotations.length]));
  let sum = 0;
  for (const { id, task } of records) {
    const there = live.get(id) ?? 0;
    assert.equal(task?.annotations ?? 0, there, `annotations of ${id}`);
    sum += there;
  }
  return sum;
}

/** The published estimate is the one that follows from the records' design and Label Studio's export. */
async function assertEstimate(
  place: Place,
  records: readonly Recorded[],
  tasks: readonly ListedTask[],
): Promise<number> {
  const expected = independentEstimate(records, tasks, CLASSES);
  const answer = await fetch(`${place.webUrl}/api/accuracy?window=all`);
  const { estimates } = (await answer.json()) as { estimates: Record<string, unknown>[] };
  const [ours] = estimates;
  if (records.length === 0) return 0;
  assert.ok(ours, 'no estimate was published');
  assert.equal(ours['predictions'], records.length, 'predictions counted in the population');
  assert.equal(ours['labels'], expected.labels, 'labels that count');
  if (expected.labels < 5) return expected.labels;
  for (const name of ['accuracy', 'lower', 'upper', 'lambda', 'maturity', 'naive'] as const)
    assert.ok(
      Math.abs(Number(ours[name]) - expected[name]) < 1e-9,
      `${name} is ${String(ours[name])} and follows as ${expected[name]}`,
    );
  return expected.labels;
}

/** The sum of a metric over its labels. @param among only of series whose line holds this, such as a label */
export async function gauges(
  url: string,
  name: string,
  among = '',
): Promise<{ readonly total: number }> {
  const lines = (await series(url, name)).filter((line) => line.includes(among));
  return { total: lines.reduce((sum, line) => sum + valueOf(line), 0) };
}

/** Nothing of what faults did was left to the comparison of both sides, which mends what should not happen. */
export async function assertNothingMended(syncUrl: string): Promise<void> {
  const mended = await series(syncUrl, 'truthloop_reconcile_repairs_total');
  assert.deepEqual(
    mended.filter((line) => valueOf(line) > 0),
    [],
    'something had to be mended',
  );
}

async function series(url: string, name: string): Promise<string[]> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

const valueOf = (line: string): number => Number(line.split(' ').at(-1));

/** Reads the database of a program that may have been killed a moment ago. @returns predictions that it holds */
export function assertIntact(database: string): number {
  const db = new DatabaseSync(database, { readOnly: true });
  try {
    const { integrity_check: said } = db.prepare('PRAGMA integrity_check').get() as {
      integrity_check: string;
    };
    assert.equal(said, 'ok');
    const { number } = db.prepare('SELECT count(*) AS number FROM predictions').get() as {
      number: number;
    };
    return number;
  } finally {
    db.close();
  }
}
