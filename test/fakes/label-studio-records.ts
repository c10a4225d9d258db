import assert from 'node:assert/strict';

/** What the fake Label Studio keeps, in the shapes of Label Studio's own answers. */
export interface FakeProject {
  readonly id: number;
  title: string;
  description: string;
  label_config: string;
  expert_instruction: string;
  show_instruction: boolean;
  show_skip_button: boolean;
  enable_empty_annotation: boolean;
  maximum_annotations: number;
  sampling: string;
  show_collab_predictions: boolean;
}

export interface FakeAnnotation {
  readonly id: number;
  readonly task: number;
  readonly project: number;
  completed_by: number;
  result: unknown;
  was_cancelled: boolean;
  readonly created_at: string;
  updated_at: string;
  lead_time: number | null;
}

export interface FakeTask {
  readonly id: number;
  readonly project: number;
  data: Record<string, unknown>;
  overlap: number;
  is_labeled: boolean;
  readonly created_at: string;
  updated_at: string;
}

export interface FakeWebhook {
  readonly id: number;
  readonly project: number;
  url: string;
  headers: Record<string, string>;
  actions: string[];
  send_payload: boolean;
  send_for_all_actions: boolean;
  is_active: boolean;
}

const PROJECT_DEFAULTS = {
  description: '',
  label_config: '<View></View>',
  expert_instruction: '',
  show_instruction: false,
  show_skip_button: true,
  enable_empty_annotation: true,
  maximum_annotations: 1,
  sampling: 'Sequential sampling',
  show_collab_predictions: true,
};
/** The fields that a request may set; all else in its body is ignored, as Label Studio does. */
const PROJECT_FIELDS = ['title', ...Object.keys(PROJECT_DEFAULTS)];

/** The state of a fake Label Studio: ids that are reused by a reset alone, times that never stand still. */
export class Records {
  readonly projects = new Map<number, FakeProject>();
  readonly tasks = new Map<number, FakeTask>();
  readonly annotations = new Map<number, FakeAnnotation>();
  readonly webhooks = new Map<number, FakeWebhook>();
  #lastId = 0;
  #lastMicros = 0;

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /** Somebody empties its data folder: nothing is there, and ids begin anew. */
  reset(): void {
    for (const all of [this.projects, this.tasks, this.annotations, this.webhooks]) all.clear();
    this.#lastId = 0;
  }

  /** Now, in microseconds as Label Studio writes them; later than any instant given before. */
  instant(): string {
    this.#lastMicros = Math.max(Date.now() * 1000, this.#lastMicros + 1);
    const millis = new Date(Math.floor(this.#lastMicros / 1000)).toISOString().slice(0, -1);
    return `${millis}${String(this.#lastMicros % 1000).padStart(3, '0')}Z`;
  }

  makeProject(body: Readonly<Record<string, unknown>>): FakeProject {
    const project = {
      id: this.nextId(),
      ...PROJECT_DEFAULTS,
      ...projectFieldsOf(body),
    } as FakeProject;
    this.projects.set(project.id, project);
    return project;
  }

  changeProject(project: FakeProject, body: Readonly<Record<string, unknown>>): void {
    Object.assign(project, projectFieldsOf(body));
    // Label Studio rewrites every task's overlap with the project's.
    if ('maximum_annotations' in body)
      for (const task of this.tasksOf(project.id)) task.overlap = project.maximum_annotations;
  }

  deleteProject(id: number): void {
    this.projects.delete(id);
    for (const task of this.tasksOf(id)) this.deleteTask(task.id);
    for (const hook of this.webhooks.values())
      if (hook.project === id) this.webhooks.delete(hook.id);
  }

  makeTask(project: FakeProject, data: Record<string, unknown>): FakeTask {
    const at = this.instant();
    const task: FakeTask = {
      id: this.nextId(),
      project: project.id,
      data,
      overlap: project.maximum_annotations,
      is_labeled: false,
      created_at: at,
      updated_at: at,
    };
    this.tasks.set(task.id, task);
    return task;
  }

  deleteTask(id: number): void {
    this.tasks.delete(id);
    for (const annotation of this.annotationsOf(id)) this.annotations.delete(annotation.id);
  }

  tasksOf(project: number): FakeTask[] {
    return [...this.tasks.values()].filter((task) => task.project === project);
  }

  annotationsOf(task: number): FakeAnnotation[] {
    return [...this.annotations.values()].filter((annotation) => annotation.task === task);
  }

  annotate(task: FakeTask, body: Readonly<Record<string, unknown>>): FakeAnnotation {
    const at = this.instant();
    const annotation: FakeAnnotation = {
      id: this.nextId(),
      task: task.id,
      project: task.project,
      completed_by: typeof body['completed_by'] === 'number' ? body['completed_by'] : 1,
      result: body['result'],
      was_cancelled: body['was_cancelled'] === true,
      created_at: at,
      updated_at: at,
      lead_time: typeof body['lead_time'] === 'number' ? body['lead_time'] : null,
    };
    this.annotations.set(annotation.id, annotation);
    this.touch(task.id);
    return annotation;
  }

  changeAnnotation(annotation: FakeAnnotation, body: Readonly<Record<string, unknown>>): void {
    if ('result' in body) annotation.result = body['result'];
    if ('was_cancelled' in body) annotation.was_cancelled = body['was_cancelled'] === true;
    annotation.updated_at = this.instant();
    this.touch(annotation.task);
  }

  /** Every change of an annotation moves its task's time. */
  touch(taskId: number): void {
    const task = this.tasks.get(taskId);
    assert(task !== undefined);
    const people = this.annotationsOf(taskId).filter((annotation) => !annotation.was_cancelled);
    task.is_labeled = people.length >= task.overlap;
    task.updated_at = this.instant();
  }
}

function projectFieldsOf(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields = Object.entries(body).filter(([name]) => PROJECT_FIELDS.includes(name));
  return Object.fromEntries(
    fields.map(([name, value]) => [
      name,
      name === 'expert_instruction' ? sanitized(String(value)) : value,
    ]),
  );
}

/** Some of what Label Studio's sanitizer (bleach) does: no XHTML, no bare ampersand, tags in small letters. */
const sanitized = (html: string): string =>
  html
    .replace(/<br ?\/>/g, '<br>')
    .replace(/&(?!#?\w+;)/g, '&amp;')
    .replace(/<\/?[A-Z]+/g, (tag) => tag.toLowerCase());
