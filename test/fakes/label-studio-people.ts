import assert from 'node:assert/strict';

/** A project as Label Studio's API shows it, as far as tests look. */
export interface ShownProject {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly label_config: string;
  readonly expert_instruction: string;
  readonly maximum_annotations: number;
  readonly sampling: string;
  readonly show_instruction: boolean;
  readonly show_skip_button: boolean;
  readonly show_collab_predictions: boolean;
  readonly enable_empty_annotation: boolean;
}

export interface ShownTask {
  readonly id: number;
  readonly project: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly overlap: number;
  readonly is_labeled: boolean;
}

/** What people do in Label Studio, by its own API: the same for the fake and for a real server. */
export interface People {
  /** @param by Label Studio's id of the account; the owner's when left out @returns the annotation's id */
  annotate(taskId: number, classes: readonly string[], by?: number): Promise<number>;
  skip(taskId: number, by?: number): Promise<number>;
  edit(annotationId: number, classes: readonly string[]): Promise<void>;
  cancel(annotationId: number): Promise<void>;
  removeAnnotation(annotationId: number): Promise<void>;
  removeTask(taskId: number): Promise<void>;
  removeProject(projectId: number): Promise<void>;
  changeProject(projectId: number, changes: Readonly<Record<string, unknown>>): Promise<void>;
  makeProject(fields: Readonly<Record<string, unknown>>): Promise<number>;
  /** Imports by hand. @returns the tasks' ids */
  importTasks(projectId: number, data: readonly object[]): Promise<readonly number[]>;
  showProject(projectId: number): Promise<ShownProject>;
  showTask(taskId: number): Promise<ShownTask>;
  showWebhooks(
    projectId: number,
  ): Promise<readonly { url: string; headers: Readonly<Record<string, string>> }[]>;
}

/** The `result` of an annotation that chooses these classes. */
export const choicesOf = (classes: readonly string[]): object[] =>
  classes.length === 0
    ? []
    : [
        {
          from_name: 'label',
          to_name: 'image',
          type: 'choices',
          value: { choices: classes },
        },
      ];

/** @param token legacy token of the owner */
export function peopleOf(url: string, token: string): People {
  const call = async <Value>(method: string, path: string, body?: unknown): Promise<Value> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return (text === '' ? null : JSON.parse(text)) as Value;
  };
  const author = (by: number | undefined): object => (by === undefined ? {} : { completed_by: by });
  const annotation = async (taskId: number, body: object): Promise<number> =>
    (await call<{ id: number }>('POST', `/api/tasks/${taskId}/annotations/`, body)).id;
  return {
    annotate: (taskId, classes, by) =>
      annotation(taskId, { result: choicesOf(classes), lead_time: 3, ...author(by) }),
    skip: (taskId, by) => annotation(taskId, { result: [], was_cancelled: true, ...author(by) }),
    edit: (id, classes) => call('PATCH', `/api/annotations/${id}/`, { result: choicesOf(classes) }),
    cancel: (id) => call('PATCH', `/api/annotations/${id}/`, { was_cancelled: true }),
    removeAnnotation: (id) => call('DELETE', `/api/annotations/${id}/`),
    removeTask: (id) => call('DELETE', `/api/tasks/${id}/`),
    removeProject: (id) => call('DELETE', `/api/projects/${id}`),
    changeProject: (id, changes) => call('PATCH', `/api/projects/${id}`, changes),
    makeProject: async (fields) => (await call<{ id: number }>('POST', '/api/projects', fields)).id,
    importTasks: async (id, data) =>
      (
        await call<{ task_ids: number[] }>(
          'POST',
          `/api/projects/${id}/import?return_task_ids=true&commit_to_project=true`,
          data.map((one) => ({ data: one })),
        )
      ).task_ids,
    showProject: (id) => call('GET', `/api/projects/${id}`),
    showTask: (id) => call('GET', `/api/tasks/${id}/`),
    showWebhooks: (id) => call('GET', `/api/webhooks/?project=${id}`),
  };
}

const personalTokens = new Map<string, Promise<string>>();

/** The owner's personal access token: a real Label Studio shows it once and makes only one, so it is kept for all suites. */
export function personalTokenOf(url: string, token: string): Promise<string> {
  const known = personalTokens.get(url);
  if (known !== undefined) return known;
  const made = fetch(`${url}/api/token/`, {
    method: 'POST',
    headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/json' },
    body: '{}',
  }).then(async (response) => {
    const body = (await response.json()) as { token?: string };
    assert.ok(body.token !== undefined, `no personal access token: ${response.status}`);
    return body.token;
  });
  personalTokens.set(url, made);
  return made;
}
