import { z } from 'zod';

import type { LabelingTool, ProjectSpec } from '../../ports/labeling-tool.ts';
import { anything, orMissing, type Session } from './session.ts';

/** What every project has, whatever it is for; see docs of the port for why. */
const SETTINGS = {
  show_instruction: true,
  show_skip_button: true,
  enable_empty_annotation: false,
  // Random order: any labelled part of the queue is then a random sample itself.
  sampling: 'Uniform sampling',
  // Annotators stay blind to what models say.
  show_collab_predictions: false,
} as const;

const FIELDS = {
  title: 'title',
  description: 'description',
  labelConfig: 'label_config',
  instruction: 'expert_instruction',
  annotatorsPerTask: 'maximum_annotations',
} as const satisfies Partial<Record<keyof ProjectSpec, string>>;
type SpecField = keyof typeof FIELDS;

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
const projectSchema = z.object({
  id: z.number(),
  title: text,
  description: text,
  label_config: text,
  expert_instruction: text,
  maximum_annotations: z.number(),
  show_instruction: z.boolean(),
  show_skip_button: z.boolean(),
  enable_empty_annotation: z.boolean(),
  sampling: text,
  show_collab_predictions: z.boolean(),
});
type Project = z.output<typeof projectSchema>;
const listedSchema = z.object({
  id: z.number(),
  title: text,
  description: text,
  task_number: z.number().nullish(),
});
type Listed = z.output<typeof listedSchema>;
const listSchema = z.object({ next: z.string().nullable(), results: z.array(listedSchema) });
const PAGE_SIZE = 100;

type Ensured = Awaited<ReturnType<LabelingTool['ensureProject']>>;

/**
 * Finds the project (by id, else by our mark), mends what differs, or makes it. What a look-up did not see yet, since the
 * request that made it was still under way when its sender died, is there now: an empty double of it goes.
 */
export async function ensureProject(
  session: Session,
  spec: ProjectSpec,
  knownId: number | null,
  beforeMaking?: () => Promise<void>,
): Promise<Ensured> {
  const marked = await listMarked(session, spec.marker);
  const known = knownId === null ? null : await ownProject(session, spec, knownId);
  const kept = known ?? (await readProjectAmong(session, marked));
  if (kept === null) {
    await beforeMaking?.();
    const { id } = await session.once(
      { method: 'POST', path: '/api/projects/', body: bodyOf(spec) },
      z.object({ id: z.number() }),
    );
    return { projectId: id, changes: ['created'] };
  }
  const { projectId, changes } = await mend(session, spec, kept, known === null ? ['found'] : []);
  const doubles = marked.filter((one) => one.id !== projectId && isEmptyDouble(one, spec));
  for (const { id } of doubles)
    await orMissing(session.safe({ method: 'DELETE', path: `/api/projects/${id}/` }, anything));
  return { projectId, changes: doubles.length === 0 ? changes : [...changes, 'doubles'] };
}

/** Nobody put anything into it, nor made it something else. */
const isEmptyDouble = ({ title, task_number: tasks }: Listed, spec: ProjectSpec): boolean =>
  tasks === 0 && isSame(title, spec.title);

const readProject = (session: Session, id: number): Promise<Project | null> =>
  orMissing(session.safe({ method: 'GET', path: `/api/projects/${id}/` }, projectSchema));

/**
 * The project with the id that we remember, unless it is somebody else's: a Label Studio that was reset gives the same
 * ids to other projects. Ours has our mark, or still our title where somebody rewrote the description.
 */
async function ownProject(
  session: Session,
  spec: ProjectSpec,
  id: number,
): Promise<Project | null> {
  const project = await readProject(session, id);
  if (project === null) return null;
  const isMarked = project.description.includes(spec.marker);
  const isAnothers = /\[truthloop[ :]/.test(project.description);
  return isMarked || (project.title === spec.title && !isAnothers) ? project : null;
}

/**
 * Projects whose description carries the mark, oldest first. They are asked for in that order: Label Studio counts before it
 * reads, and newest first one that is made in between pushes the oldest out of the answer.
 */
async function listMarked(session: Session, marker: string): Promise<readonly Listed[]> {
  const marked = new Map<number, Listed>();
  for (let page = 1; ; page += 1) {
    const { next, results } = await session.safe(
      {
        method: 'GET',
        path: '/api/projects/',
        params: {
          ...{ page, page_size: PAGE_SIZE, ordering: 'id' },
          include: 'id,title,description,task_number',
        },
      },
      listSchema,
    );
    for (const one of results) if (one.description.includes(marker)) marked.set(one.id, one);
    if (next === null) break;
  }
  return [...marked.values()].sort((a, b) => a.id - b.id);
}

/** The oldest that holds tasks, else the oldest. */
async function readProjectAmong(
  session: Session,
  marked: readonly Listed[],
): Promise<Project | null> {
  const chosen = marked.find(({ task_number: tasks }) => (tasks ?? 0) > 0) ?? marked[0];
  return chosen === undefined ? null : readProject(session, chosen.id);
}

const bodyOf = (spec: ProjectSpec): Readonly<Record<string, unknown>> => ({
  ...SETTINGS,
  ...Object.fromEntries(specFields.map((field) => [FIELDS[field], spec[field]])),
});
const specFields = Object.keys(FIELDS) as SpecField[];

async function mend(
  session: Session,
  spec: ProjectSpec,
  project: Project,
  earlier: Ensured['changes'],
): Promise<Ensured> {
  const differing = specFields.filter((field) => !isSame(project[FIELDS[field]], spec[field]));
  const settings = Object.entries(SETTINGS).filter(
    ([name, value]) => project[name as keyof typeof SETTINGS] !== value,
  );
  const body = {
    ...Object.fromEntries(differing.map((field) => [FIELDS[field], spec[field]])),
    ...Object.fromEntries(settings),
  };
  if (Object.keys(body).length === 0) return { projectId: project.id, changes: earlier };
  const path = `/api/projects/${project.id}/`;
  const mended = await session.safe({ method: 'PATCH', path, body }, projectSchema);
  // Label Studio's sanitizer may have made of it what stood there before: then nothing was out of step.
  const changed = differing.filter((field) => project[FIELDS[field]] !== mended[FIELDS[field]]);
  const changes = [...changed, ...(settings.length > 0 ? (['settings'] as const) : [])];
  return { projectId: project.id, changes: [...earlier, ...changes] };
}

/** Label Studio trims texts. */
const isSame = (there: unknown, wanted: unknown): boolean =>
  typeof there === 'string' && typeof wanted === 'string'
    ? there.trim() === wanted.trim()
    : there === wanted;
