import type { Annotation, Task, Verdict } from '../domain/annotation.ts';
import type { PredictionId } from '../domain/ids.ts';
import type { StoredPrediction } from '../domain/prediction.ts';
import type { LabelChange } from '../domain/unit.ts';
import type { RawTask } from '../ports/labeling-tool.ts';
import type { Meter } from '../ports/meter.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { OutboxStore } from '../ports/store/outbox-store.ts';
import type { PredictionStore } from '../ports/store/prediction-store.ts';
import type { TaskStore } from '../ports/store/task-store.ts';
import { annotatorsWanted, overlapDraw, reachVerdict } from '../verdict/reach-verdict.ts';
import { readAnnotation } from './read-answer.ts';

export interface AbsorbDeps {
  readonly store: Pick<TaskStore, 'tasksOf' | 'savePulled'> &
    Pick<PredictionStore, 'findPrediction'> &
    Pick<OutboxStore, 'enqueue'>;
  readonly meter: Meter;
}

export interface AbsorbSettings {
  /** Classes of the model in service; a task's own prediction may know more. */
  readonly classes: readonly string[];
  readonly annotationsPerTask: number;
  /** Share of the random part that gets a second annotator, in [0, 1]. */
  readonly overlapShare: number;
  /** The prediction's second permanent random number, in [0, 1). */
  readonly overlapNumber: (id: PredictionId) => number;
}

/** One project's reading under way. */
export interface Reading {
  readonly projectId: number;
  /** Where the watermark stands once these tasks are saved. */
  readonly watermark: number;
  /** People who answer these days. */
  readonly annotatorCount: number;
  readonly now: number;
  readonly fence: Fence;
}

type Pulled = Parameters<TaskStore['savePulled']>[0][number];

/**
 * Takes over what tasks say now: annotations, verdict, and whether one more person should answer. What is known already
 * and what is no task of ours is passed over; reconciliation looks into the latter.
 * @returns one entry for each task whose annotations changed
 */
export async function absorbTasks(
  deps: AbsorbDeps,
  settings: AbsorbSettings,
  raws: readonly RawTask[],
  reading: Reading,
): Promise<readonly LabelChange[]> {
  const changed = await changedOf(deps, raws);
  const pulled: Pulled[] = [];
  for (const { raw, task, prediction } of changed)
    pulled.push(judge(settings, raw, task, prediction, reading));
  const { projectId, watermark, fence } = reading;
  // First the wish for another annotator, then the record that it was made: cut off in between, it is made again.
  const wishes = wishesOf(changed, pulled, settings, reading.now);
  if (wishes.length > 0) await deps.store.enqueue(wishes, fence);
  await deps.store.savePulled(pulled, { projectId, at: watermark }, fence);
  changed.forEach(({ task }, index) => {
    count(deps.meter, task, pulled[index] as Pulled);
  });
  return changed.map(({ prediction: { modelVersion, at } }) => ({ modelVersion, at }));
}

interface Changed {
  readonly raw: RawTask;
  readonly task: Task;
  readonly prediction: StoredPrediction;
}

async function changedOf({ store }: AbsorbDeps, raws: readonly RawTask[]): Promise<Changed[]> {
  const ids = raws.flatMap(({ predictionId }) => predictionId ?? []);
  const tasks = new Map((await store.tasksOf(ids)).map((task) => [task.predictionId, task]));
  const changed: Changed[] = [];
  for (const raw of raws) {
    const task = raw.predictionId === null ? undefined : tasks.get(raw.predictionId);
    if (task === undefined || !isLinked(raw, task) || !isChanged(raw, task)) continue;
    // Erased while it was read: nobody's label any more.
    const prediction = await store.findPrediction(task.predictionId);
    if (prediction !== null) changed.push({ raw, task, prediction });
  }
  return changed;
}

/** Is this the task that our record speaks of, and not another one of the same prediction? */
const isLinked = (raw: RawTask, task: Task): boolean =>
  task.taskId === raw.taskId && task.deletedAt === null;

/** Do the task's annotations differ from what was pulled? */
export const isChanged = (raw: RawTask, task: Task): boolean =>
  signature(raw.annotations) !== signature(task.annotations);

const signature = (
  annotations: readonly { readonly annotationId: number; readonly updatedAt: number }[],
): string =>
  annotations
    .map(({ annotationId, updatedAt }) => `${annotationId}@${updatedAt}`)
    .sort()
    .join();

function judge(
  settings: AbsorbSettings,
  raw: RawTask,
  task: Task,
  prediction: StoredPrediction,
  { annotatorCount }: Reading,
): Pulled {
  const isClass = (name: string): boolean =>
    settings.classes.includes(name) || isClassOf(prediction, name);
  const annotations = raw.annotations.map((one) => readAnnotation(one, isClass));
  const isOverlapping = overlapDraw({
    isRandom: prediction.decision?.isRandom ?? false,
    overlapNumber: settings.overlapNumber(task.predictionId),
    overlapShare: settings.overlapShare,
    annotatorCount,
  });
  const { annotationsPerTask } = settings;
  const wanted = annotatorsWanted({ annotations, annotationsPerTask, isOverlapping });
  return {
    predictionId: task.predictionId,
    annotations,
    verdict: reachVerdict(annotations),
    annotatorsWanted: Math.max(task.annotatorsWanted, wanted),
  };
}

/** A version of the model that is gone may have had classes that the one in service lacks. */
const isClassOf = ({ predictedClass, probabilities }: StoredPrediction, name: string): boolean =>
  predictedClass === name || (probabilities !== null && Object.hasOwn(probabilities, name));

/** Entries for the tasks that now want more people than their project gives them, once somebody has answered. */
const wishesOf = (
  changed: readonly Changed[],
  pulled: readonly Pulled[],
  { annotationsPerTask }: AbsorbSettings,
  now: number,
): Parameters<OutboxStore['enqueue']>[0] =>
  changed.flatMap(({ task }, index) => {
    const wanted = pulled[index]?.annotatorsWanted ?? 1;
    const given = Math.max(task.annotatorsWanted, annotationsPerTask);
    if (wanted <= given || pulled[index]?.annotations.length === 0) return [];
    const { predictionId, project } = task;
    return [
      { kind: 'ask_annotator', predictionId, project, reasons: [], createdAt: now, taskId: null },
    ];
  });

function count(meter: Meter, task: Task, pulled: Pulled): void {
  countUnusable(meter, task.annotations, pulled.annotations);
  const { verdict } = pulled;
  if (verdict.kind === 'pending' || isSameVerdict(verdict, task.verdict)) return;
  meter.increment('truthloop_verdicts_total', { outcome: verdict.kind });
  if (task.verdict.kind !== 'pending') return;
  const answeredAt = Math.max(...pulled.annotations.map(({ createdAt }) => createdAt));
  const delayMs = Math.max(0, answeredAt - task.pushedAt);
  meter.observe('truthloop_label_delay_seconds', delayMs / 1000);
}

function countUnusable(
  meter: Meter,
  before: readonly Annotation[],
  now: readonly Annotation[],
): void {
  const known = new Map(before.map((one) => [one.annotationId, one.updatedAt]));
  for (const { annotationId, updatedAt, answer } of now)
    if (answer.kind === 'unusable' && known.get(annotationId) !== updatedAt)
      meter.increment('truthloop_annotations_unusable_total', { why: answer.why });
}

/** A tie with the same votes is the same verdict, whenever it came about. */
const isSameVerdict = (a: Verdict, b: Verdict): boolean =>
  JSON.stringify({ ...a, since: 0 }) === JSON.stringify({ ...b, since: 0 });
