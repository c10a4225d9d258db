import { createHash } from 'node:crypto';

import { KEPT_FOR_GOOD, NO_PROJECT } from '../domain/annotation.ts';
import { LabelingToolRefused, LabelingToolUnavailable } from '../domain/errors.ts';
import type { ProjectKind } from '../domain/selection.ts';
import type { LabelingTool, ProjectSpec } from '../ports/labeling-tool.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { EstimateStore } from '../ports/store/estimate-store.ts';
import type { Fence } from '../ports/store/fence.ts';
import type { PredictionStore } from '../ports/store/prediction-store.ts';
import type { RunStore } from '../ports/store/run-store.ts';
import type { TaskStore } from '../ports/store/task-store.ts';
import { classesInUse } from './classes-in-use.ts';
import { blameFor } from './send-batch.ts';

export interface EnsureProjectsDeps {
  readonly store: Pick<TaskStore, 'projectId' | 'setProjectId' | 'allTasks' | 'relinkTask'> &
    Pick<EstimateStore, 'modelVersions'> &
    Pick<PredictionStore, 'findPrediction'> &
    Pick<RunStore, 'finding' | 'saveFinding'>;
  readonly tool: Pick<LabelingTool, 'ensureProject' | 'ensureWebhook'>;
  readonly meter: Meter;
  readonly log: Log;
}

export interface EnsureProjectsSettings {
  /** Which projects there are. */
  readonly kinds: readonly ProjectKind[];
  /** Classes of the model in service, in its order. */
  readonly classes: readonly string[];
  /** What the project of a kind should look like with these classes. */
  readonly specOf: (kind: ProjectKind, classes: readonly string[]) => ProjectSpec;
  /** Null: nobody listens. */
  readonly webhook: { readonly url: string; readonly secret: string } | null;
}

type Changes = Awaited<ReturnType<LabelingTool['ensureProject']>>['changes'];
/** `unknown`: Label Studio could not say. */
type WebhookState = 'registered' | 'refused' | 'unknown' | 'unwanted';

export interface EnsuredProject {
  readonly kind: ProjectKind;
  readonly projectId: number;
  readonly changes: Changes;
  readonly webhook: WebhookState;
  /** The one that we knew is gone. */
  readonly isLost: boolean;
}

export interface EnsuredProjects {
  /** Those that are in step. */
  readonly projects: readonly EnsuredProject[];
  /** Why another one is not (the first, where several are not); null: all are. */
  readonly refusal: LabelingToolRefused | null;
}

/**
 * Keeps the projects in step with what they should be. What was changed by hand is put back, counted and logged;
 * a change of our own (a new class) is not counted. Webhooks are a help only: where they fail, polling goes on. A project
 * that Label Studio refuses to make or to change (answers use what somebody added to it) keeps no other from anything.
 * @returns a function to call at the start, from time to time, and when a project turned out to be gone; it rejects with
 * LabelingToolUnavailable, or with LabelingToolRefused where we are refused as a whole
 */
export function createEnsureProjects(
  deps: EnsureProjectsDeps,
  settings: EnsureProjectsSettings,
): (fence: Fence) => Promise<EnsuredProjects> {
  const lastWebhook = new Map<ProjectKind, WebhookState>();
  // Stays until one is there again: that it was made may never be heard.
  const gone = new Set<ProjectKind>();

  const ensure = async (
    kind: ProjectKind,
    spec: ProjectSpec,
    forms: Partial<Record<ProjectKind, string>>,
    fence: Fence,
  ): Promise<EnsuredProject> => {
    const knownId = await deps.store.projectId(kind);
    const { projectId, changes } = await deps.tool.ensureProject(spec, knownId, async () => {
      gone.add(kind);
      await takeOutTasks(deps, kind, fence);
    });
    const isLost = knownId !== null && (projectId !== knownId || gone.has(kind));
    if (projectId !== knownId) await deps.store.setProjectId(kind, projectId, fence);
    const form = digestOf(spec);
    const isOurs = forms[kind] !== form;
    if (isOurs) await deps.store.saveFinding('project_forms', { ...forms, [kind]: form }, fence);
    forms[kind] = form;
    report(deps, { kind, knownId, projectId, changes, isOurs, isLost });
    const webhook = await registerWebhook(deps, projectId, settings.webhook);
    const isLacking = webhook === 'refused' || webhook === 'unknown';
    if (isLacking && lastWebhook.get(kind) !== webhook)
      deps.log.warn(
        { project: kind, url: settings.webhook?.url, webhook },
        'webhook not registered',
      );
    lastWebhook.set(kind, webhook);
    gone.delete(kind);
    return { kind, projectId, changes, webhook, isLost };
  };

  return async (fence) => {
    const classes = await classesInUse(deps.store, settings.classes);
    const projects: EnsuredProject[] = [];
    let refusal: LabelingToolRefused | null = null;
    const forms = { ...(await deps.store.finding('project_forms')) };
    for (const kind of settings.kinds)
      try {
        projects.push(await ensure(kind, settings.specOf(kind, classes), forms, fence));
      } catch (error) {
        if (!(error instanceof LabelingToolRefused) || blameFor(error) === 'connection')
          throw error;
        refusal ??= error;
      }
    return { projects, refusal };
  };
}

/**
 * What was in the project that is gone is in none from now on: a Label Studio that was reset gives the next one the same id,
 * and there it would be taken for deleted singly.
 */
async function takeOutTasks(
  { store }: EnsureProjectsDeps,
  kind: ProjectKind,
  fence: Fence,
): Promise<void> {
  for await (const page of store.allTasks(kind))
    for (const { predictionId, projectId, taskId } of page)
      if (projectId !== NO_PROJECT && projectId !== KEPT_FOR_GOOD)
        await store.relinkTask(predictionId, NO_PROJECT, taskId, fence);
}

const digestOf = (spec: ProjectSpec): string =>
  createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 32);

interface Found {
  readonly kind: ProjectKind;
  readonly knownId: number | null;
  readonly projectId: number;
  readonly changes: Changes;
  /** What should be there is not what we last put there: the change may be our own. */
  readonly isOurs: boolean;
  readonly isLost: boolean;
}

function report({ meter, log }: EnsureProjectsDeps, found: Found): void {
  const { kind: project, knownId, projectId, isOurs, isLost } = found;
  const changes = found.changes.filter((change) => change !== 'doubles');
  if (changes.length < found.changes.length)
    log.info({ project, projectId }, 'an empty project that was made twice is removed');
  if (isLost) {
    meter.increment('truthloop_reconcile_repairs_total', { kind: 'missing_project' });
    log.warn({ project, projectId, lost: knownId, changes }, 'project was gone');
  } else if (changes.length === 0) {
    return;
  } else if (knownId === null || isOurs) {
    log.info({ project, projectId, changes }, 'project brought in step');
  } else {
    meter.increment('truthloop_reconcile_repairs_total', { kind: 'changed_project' });
    log.warn({ project, projectId, changes }, 'project was changed by hand and put back');
  }
}

async function registerWebhook(
  { tool, log }: EnsureProjectsDeps,
  projectId: number,
  webhook: EnsureProjectsSettings['webhook'],
): Promise<WebhookState> {
  if (webhook === null) return 'unwanted';
  try {
    return await tool.ensureWebhook(projectId, webhook.url, webhook.secret);
  } catch (error) {
    if (!(error instanceof LabelingToolUnavailable || error instanceof LabelingToolRefused))
      throw error;
    log.debug({ projectId, err: error }, 'webhook could not be asked for');
    return 'unknown';
  }
}
