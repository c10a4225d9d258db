import { z } from 'zod';

import { LabelingToolRefused, LabelingToolUnavailable } from '../../domain/errors.ts';
import { type PredictionId, predictionId } from '../../domain/ids.ts';
import type {
  FoundTask,
  LabelingTool,
  RawAnnotation,
  RawTask,
  TaskDraft,
  TaskRef,
} from '../../ports/labeling-tool.ts';
import { anything, orMissing, type Session } from './session.ts';

/** Ids in one look-up: 200 take Label Studio 0.4 s on 6,100 tasks. */
const IDS_PER_LOOK_UP = 200;
/** Characters of a look-up's pattern: the whole query must fit into the 8 kB that web servers take in an address. */
const PATTERN_LENGTH_MAX = 5000;

const instant = z.iso.datetime({ offset: true });
const annotator = z.union([
  z.number(),
  z.object({ id: z.number() }).transform(({ id }) => id),
  z.null(),
]);
const annotationSchema = z.object({
  id: z.number(),
  completed_by: annotator,
  was_cancelled: z.boolean(),
  result: z.unknown(),
  created_at: instant,
  updated_at: instant,
});
const taskSchema = z.object({
  id: z.number(),
  data: z.record(z.string(), z.unknown()),
  updated_at: instant,
  annotations: z.array(annotationSchema).default([]),
});
const pageSchema = z.object({ tasks: z.array(taskSchema) });
type TaskBody = z.output<typeof taskSchema>;
const importedSchema = z.object({ task_ids: z.array(z.number()) });

type TaskCalls = Pick<
  LabelingTool,
  | 'createTasks'
  | 'findTasks'
  | 'changedTasks'
  | 'updateTaskData'
  | 'askForAnnotators'
  | 'deleteTask'
>;

/** @param pageSize tasks in one answer */
export function createTaskCalls(session: Session, pageSize: number): TaskCalls {
  return {
    createTasks: (projectId, drafts) => createTasks(session, projectId, drafts),
    findTasks: (projectId, ids) => findTasks(session, projectId, ids, pageSize),
    changedTasks: (projectId, since) => changedTasks(session, projectId, since, pageSize),
    async updateTaskData(taskId, data) {
      await session.safe({ method: 'PATCH', path: taskPath(taskId), body: { data } }, anything);
    },
    async askForAnnotators(taskId, wanted, isAnswered) {
      // After an answer, overlap alone does nothing: the task has to be opened again.
      const body = { overlap: wanted, ...(isAnswered ? { is_labeled: false } : {}) };
      await session.safe({ method: 'PATCH', path: taskPath(taskId), body }, anything);
    },
    async deleteTask(taskId) {
      await orMissing(session.safe({ method: 'DELETE', path: taskPath(taskId) }, anything));
    },
  };
}

const taskPath = (taskId: number): string => `/api/tasks/${taskId}/`;

async function createTasks(
  session: Session,
  projectId: number,
  drafts: readonly TaskDraft[],
): Promise<readonly TaskRef[]> {
  // Label Studio refuses an empty list.
  if (drafts.length === 0) return [];
  const { task_ids: taskIds } = await session.once(
    {
      method: 'POST',
      path: `/api/projects/${projectId}/import`,
      params: { return_task_ids: true, commit_to_project: true },
      body: drafts.map(({ data }) => ({ data })),
    },
    importedSchema,
  );
  if (taskIds.length !== drafts.length)
    throw new LabelingToolUnavailable(
      `Label Studio made ${taskIds.length} tasks of the ${drafts.length} sent to project ${projectId}; they are looked up before anything is sent again.`,
    );
  return drafts.map((draft, index) => ({
    predictionId: draft.predictionId,
    taskId: taskIds[index] as number,
  }));
}

async function findTasks(
  session: Session,
  projectId: number,
  ids: readonly PredictionId[],
  pageSize: number,
): Promise<readonly FoundTask[]> {
  const found: FoundTask[] = [];
  for (const batch of lookUpBatches(ids)) {
    const wanted = new Set<string>(batch);
    const filter = {
      filter: 'filter:tasks:data.prediction_id',
      operator: 'regex',
      type: 'String',
      value: `^(${batch.map(escapeRegex).join('|')})$`,
    };
    for (let page = 1; ; page += 1) {
      const tasks = await listTasks(session, {
        projectId,
        page,
        pageSize,
        fields: 'task_only',
        query: queryOf([filter]),
      });
      for (const task of tasks) {
        const { predictionId: id, taskId, updatedAt } = readTask(task);
        if (id !== null && wanted.has(id)) found.push({ predictionId: id, taskId, updatedAt });
      }
      if (tasks.length < pageSize) break;
    }
  }
  return found;
}

function lookUpBatches(ids: readonly PredictionId[]): readonly (readonly PredictionId[])[] {
  const batches: PredictionId[][] = [];
  let length = 0;
  for (const id of new Set(ids)) {
    const last = batches.at(-1);
    const added = encodeURIComponent(escapeRegex(id)).length + 3;
    if (
      last === undefined ||
      last.length >= IDS_PER_LOOK_UP ||
      length + added > PATTERN_LENGTH_MAX
    ) {
      batches.push([id]);
      length = added;
    } else {
      last.push(id);
      length += added;
    }
  }
  return batches;
}

const escapeRegex = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/**
 * Reads by the time of the last change, each page starting where the one before ended: a task that changes meanwhile
 * moves to the end and is met again, and no page number can slip past a task.
 */
async function* changedTasks(
  session: Session,
  projectId: number,
  since: number | null,
  pageSize: number,
): AsyncGenerator<readonly RawTask[]> {
  let from = since === null ? null : new Date(since).toISOString();
  let page = 1;
  let seen = new Set<string>();
  for (;;) {
    const tasks = await listTasks(session, {
      projectId,
      page,
      pageSize,
      fields: 'all',
      query: queryOf(from === null ? [] : [updatedSince(from)], ['tasks:updated_at']),
    });
    const fresh = tasks.filter((task) => !seen.has(keyOf(task)));
    if (fresh.length > 0) yield fresh.map(readTask);
    const last = tasks.at(-1);
    if (last === undefined || tasks.length < pageSize) return;
    const boundary = tasks.filter(({ updated_at: at }) => at === last.updated_at).map(keyOf);
    if (last.updated_at === from) {
      // A whole page of one instant: only counting on leads past it.
      page += 1;
      boundary.forEach((key) => seen.add(key));
    } else {
      from = last.updated_at;
      page = 1;
      seen = new Set(boundary);
    }
  }
}

const keyOf = ({ id, updated_at: at }: TaskBody): string => `${id} ${at}`;

const updatedSince = (from: string): object => ({
  filter: 'filter:tasks:updated_at',
  operator: 'greater_or_equal',
  type: 'Datetime',
  value: from,
});

const queryOf = (items: readonly object[], ordering: readonly string[] = []): string =>
  JSON.stringify({ filters: { conjunction: 'and', items }, ordering });

async function listTasks(
  session: Session,
  asked: {
    readonly projectId: number;
    readonly page: number;
    readonly pageSize: number;
    readonly fields: 'all' | 'task_only';
    readonly query: string;
  },
): Promise<readonly TaskBody[]> {
  const { projectId: project, page, pageSize, fields, query } = asked;
  const call = {
    method: 'GET',
    path: '/api/tasks/',
    params: { project, page, page_size: pageSize, fields, query },
  } as const;
  try {
    return (await session.safe(call, pageSchema)).tasks;
  } catch (error) {
    // Past the last page there is a 404; on the first page it means that the project is gone.
    if (page > 1 && error instanceof LabelingToolRefused && error.status === 404) return [];
    throw error;
  }
}

const readTask = (task: TaskBody): RawTask => ({
  taskId: task.id,
  predictionId: predictionOf(task),
  updatedAt: Date.parse(task.updated_at),
  annotations: task.annotations.map(readAnnotation),
});

function predictionOf({ data }: TaskBody): PredictionId | null {
  const id = data['prediction_id'];
  return typeof id === 'string' && id !== '' ? predictionId(id) : null;
}

const readAnnotation = (annotation: z.output<typeof annotationSchema>): RawAnnotation => ({
  annotationId: annotation.id,
  annotator: String(annotation.completed_by ?? 'unknown'),
  wasCancelled: annotation.was_cancelled,
  result: annotation.result,
  createdAt: Date.parse(annotation.created_at),
  updatedAt: Date.parse(annotation.updated_at),
});
