import type {
  FakeAnnotation,
  FakeProject,
  FakeTask,
  FakeWebhook,
  Records,
} from './label-studio-records.ts';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** `html`: one of the 404s that are a page instead of JSON. */
export type FakeAnswer =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly html: string };

/** Told of what a webhook would tell. */
export type Announce = (project: number, action: string, payload: object) => Promise<void>;

const json = (status: number, body: unknown): FakeAnswer => ({ status, json: body });
/** An error body has an `id` of its own. */
export const problem = (status: number, detail: string, faults?: object): FakeAnswer =>
  json(status, {
    id: '00000000-0000-4000-8000-000000000000',
    status_code: status,
    version: '1.23.2',
    detail,
    exc_info: null,
    ...(faults === undefined ? {} : { validation_errors: faults }),
  });
const invalid = (faults: object): FakeAnswer => problem(400, 'Validation error', faults);
const missing = (what: string): FakeAnswer => problem(404, `No ${what} matches the given query.`);
const notFoundPage: FakeAnswer = { status: 404, html: '<!doctype html><title>404</title>' };
const gone: FakeAnswer = json(204, null);

type Body = Readonly<Record<string, unknown>>;
const bodyOf = (request: FakeRequest): Body => (request.body ?? {}) as Body;

/** Answers what a signed-in user asks; everything as seen on Label Studio 1.23.2. */
export async function route(
  records: Records,
  request: FakeRequest,
  announce: Announce,
): Promise<FakeAnswer> {
  const path = request.path.replace(/\/$/, '');
  const [, root, kind, id, sub] = path.split('/');
  if (root !== 'api') return notFoundPage;
  const number = Number(id);
  if (kind === 'projects') {
    if (id === undefined) return projects(records, request);
    if (sub === 'import') return importTasks(records, request, number, announce);
    if (sub === 'export') return exportProject(records, number);
    if (sub === undefined) return project(records, request, number);
  }
  if (kind === 'tasks') {
    if (id === undefined) return listTasks(records, request.query);
    if (sub === 'annotations') return annotate(records, request, number, announce);
    if (sub === undefined) return task(records, request, number, announce);
  }
  if (kind === 'annotations' && id !== undefined)
    return annotation(records, request, number, announce);
  if (kind === 'webhooks')
    return id === undefined ? webhooks(records, request) : webhook(records, request, number);
  if (path === '/api/invite') return json(200, { token: 'T', invite_url: '/user/signup/?token=T' });
  return notFoundPage;
}

function projectFaults(body: Body): object | null {
  const { title } = body;
  if (title === undefined) return null;
  if (typeof title !== 'string' || title.length < 3)
    return { title: ['Ensure this field has at least 3 characters.'] };
  return title.length > 50
    ? { title: ['Ensure this field has no more than 50 characters.'] }
    : null;
}

function projects(records: Records, request: FakeRequest): FakeAnswer {
  if (request.method === 'POST') {
    const faults = projectFaults({ title: '', ...bodyOf(request) });
    return faults === null ? json(201, records.makeProject(bodyOf(request))) : invalid(faults);
  }
  const title = (request.query.get('title') ?? '').toLowerCase();
  const all = [...records.projects.values()]
    .filter((one) => one.title.toLowerCase().includes(title))
    .reverse();
  const page = Number(request.query.get('page') ?? 1);
  const size = Math.min(100, Number(request.query.get('page_size') ?? 30));
  const results = all
    .slice((page - 1) * size, page * size)
    .map((one) => ({ ...one, task_number: records.tasksOf(one.id).length }));
  if (results.length === 0 && page > 1) return problem(404, 'Invalid page.');
  const next = page * size < all.length ? `http://fake/api/projects?page=${page + 1}` : null;
  return json(200, { count: all.length, next, previous: null, results });
}

function project(records: Records, request: FakeRequest, id: number): FakeAnswer {
  const found = records.projects.get(id);
  if (found === undefined) return missing('Project');
  if (request.method === 'DELETE') {
    records.deleteProject(id);
    return gone;
  }
  if (request.method === 'PATCH') {
    const faults = projectFaults(bodyOf(request));
    if (faults !== null) return invalid(faults);
    records.changeProject(found, bodyOf(request));
  }
  return json(200, found);
}

/** Task data that the label configuration uses. */
const keysUsed = ({ label_config: config }: FakeProject): string[] =>
  [...config.matchAll(/value="\$(\w+)"/g)].map(([, key]) => key as string);

async function importTasks(
  records: Records,
  request: FakeRequest,
  id: number,
  announce: Announce,
): Promise<FakeAnswer> {
  const found = records.projects.get(id);
  if (found === undefined) return notFoundPage;
  const drafts = request.body as { data: Record<string, unknown> }[];
  if (drafts.length === 0) return invalid({ non_field_errors: ['No tasks were imported'] });
  for (const [index, { data }] of drafts.entries())
    for (const key of keysUsed(found))
      if (!(key in data))
        return invalid({
          non_field_errors: [`Error at item ${index}: "${key}" key is expected in task data`],
        });
  const made = drafts.map(({ data }) => records.makeTask(found, data));
  await announce(id, 'TASKS_CREATED', { tasks: made });
  return json(201, { task_count: made.length, task_ids: made.map((one) => one.id) });
}

const exportProject = (records: Records, id: number): FakeAnswer =>
  records.projects.has(id)
    ? json(
        200,
        records.tasksOf(id).map((one) => withAnnotations(records, one)),
      )
    : missing('Project');

const withAnnotations = (records: Records, one: FakeTask): object => ({
  ...one,
  annotations: records.annotationsOf(one.id),
  predictions: [],
});

interface Filter {
  readonly filter: string;
  readonly operator: string;
  readonly value: string;
}

function listTasks(records: Records, query: URLSearchParams): FakeAnswer {
  const projectId = Number(query.get('project'));
  if (!records.projects.has(projectId)) return missing('Project');
  const asked = JSON.parse(query.get('query') ?? '{}') as {
    filters?: { items: readonly Filter[] };
    ordering?: readonly string[];
  };
  const tasks = records
    .tasksOf(projectId)
    .filter((one) => (asked.filters?.items ?? []).every((filter) => passes(one, filter)));
  if (asked.ordering?.[0] === 'tasks:updated_at')
    tasks.sort((a, b) => (a.updated_at < b.updated_at ? -1 : 1));
  const page = Number(query.get('page') ?? 1);
  const size = Number(query.get('page_size') ?? 100);
  const shown = tasks.slice((page - 1) * size, page * size);
  if (shown.length === 0 && page > 1) return problem(404, 'Invalid page.');
  return json(200, {
    total: tasks.length,
    total_annotations: 0,
    total_predictions: 0,
    tasks: shown.map((one) =>
      query.get('fields') === 'all' ? withAnnotations(records, one) : one,
    ),
  });
}

function passes(one: FakeTask, { filter, operator, value }: Filter): boolean {
  if (filter === 'filter:tasks:updated_at') return micros(one.updated_at) >= micros(value);
  const key = filter.replace('filter:tasks:data.', '');
  const held = one.data[key];
  if (typeof held !== 'string') return false;
  return operator === 'regex' ? new RegExp(value).test(held) : held === value;
}

/** Comparable text of an instant, whatever its number of decimals. */
const micros = (instant: string): string => {
  const [whole, fraction = ''] = instant.replace('Z', '').split('.');
  return `${whole}.${fraction.padEnd(6, '0')}`;
};

async function task(
  records: Records,
  request: FakeRequest,
  id: number,
  announce: Announce,
): Promise<FakeAnswer> {
  const found = records.tasks.get(id);
  if (found === undefined) return missing('Task');
  if (request.method === 'DELETE') {
    records.deleteTask(id);
    await announce(found.project, 'TASKS_DELETED', { tasks: [{ id }] });
    return gone;
  }
  if (request.method === 'PATCH') {
    const { data, overlap, is_labeled: isLabeled } = bodyOf(request);
    if (data !== undefined) found.data = data as Record<string, unknown>;
    if (typeof overlap === 'number') found.overlap = overlap;
    if (typeof isLabeled === 'boolean') found.is_labeled = isLabeled;
    found.updated_at = records.instant();
  }
  return json(200, withAnnotations(records, found));
}

async function annotate(
  records: Records,
  request: FakeRequest,
  id: number,
  announce: Announce,
): Promise<FakeAnswer> {
  const found = records.tasks.get(id);
  if (found === undefined) return missing('Task');
  const made = records.annotate(found, bodyOf(request));
  await announce(found.project, 'ANNOTATION_CREATED', { annotation: made, task: found });
  return json(201, made);
}

async function annotation(
  records: Records,
  request: FakeRequest,
  id: number,
  announce: Announce,
): Promise<FakeAnswer> {
  const found: FakeAnnotation | undefined = records.annotations.get(id);
  if (found === undefined) return missing('Annotation');
  if (request.method === 'DELETE') {
    records.annotations.delete(id);
    records.touch(found.task);
    await announce(found.project, 'ANNOTATIONS_DELETED', { annotations: [{ id }] });
    return gone;
  }
  if (request.method === 'PATCH') {
    records.changeAnnotation(found, bodyOf(request));
    await announce(found.project, 'ANNOTATION_UPDATED', { annotation: found });
  }
  return json(200, found);
}

/** Networks that Label Studio refuses to call; loopback is let through, as a local deployment sets it. */
const isReserved = (url: string): boolean => /^https?:\/\/(10|192\.168|169\.254)\./.test(url);

function webhooks(records: Records, request: FakeRequest): FakeAnswer {
  if (request.method === 'GET') {
    const projectId = Number(request.query.get('project'));
    if (!records.projects.has(projectId)) return invalid({ project: ['Select a valid choice.'] });
    return json(
      200,
      [...records.webhooks.values()].filter((hook) => hook.project === projectId),
    );
  }
  const body = bodyOf(request) as unknown as FakeWebhook;
  if (!records.projects.has(body.project))
    return invalid({ project: [`Invalid pk "${body.project}" - object does not exist.`] });
  if (!URL.canParse(body.url)) return invalid({ url: ['Enter a valid URL.'] });
  if (isReserved(body.url))
    return problem(403, 'URL resolves to a reserved network address (block: 10.0.0.0/8)');
  const hook: FakeWebhook = { ...body, id: records.nextId() };
  records.webhooks.set(hook.id, hook);
  return json(201, hook);
}

function webhook(records: Records, request: FakeRequest, id: number): FakeAnswer {
  const found = records.webhooks.get(id);
  if (found === undefined) return missing('Webhook');
  if (request.method === 'DELETE') {
    records.webhooks.delete(id);
    return gone;
  }
  if (request.method === 'PATCH') Object.assign(found, bodyOf(request));
  return json(200, found);
}
