import type { ProjectKind } from '../domain/selection.ts';
import { PROJECT_KINDS } from '../domain/selection.ts';
import type { WebContext } from './web-context.ts';

/** One of our projects in Label Studio, as pages show it. */
export interface LabelProject {
  readonly name: string;
  /** The project's list of tasks; null until the sync has made the project. */
  readonly href: string | null;
  /** Tasks without an answer. */
  readonly waiting: number;
}

export const PROJECT_NAMES: Readonly<Record<ProjectKind, string>> = {
  random: 'Random Sample',
  low_confidence: 'Low Confidence',
  disputed: 'Disputed',
};

/** The three projects, in the order in which they are to be labelled. */
export async function labelProjects({
  store,
  operations,
}: Pick<WebContext, 'store' | 'operations'>): Promise<readonly LabelProject[]> {
  const waiting = await store.waitingTasks();
  return Promise.all(
    PROJECT_KINDS.map(async (kind) => {
      const id = await store.projectId(kind);
      return {
        name: PROJECT_NAMES[kind],
        href: id === null ? null : `${operations.labelStudioUrl}/projects/${id}/data`,
        waiting: waiting[kind],
      };
    }),
  );
}

/**
 * The project that needs labels most: Random Sample as long as something waits there, since the accuracy stands on it;
 * else the one where most waits.
 * @param projects Random Sample first
 * @returns null when nothing waits
 */
export function neediestProject(projects: readonly LabelProject[]): LabelProject | null {
  const waiting = projects.filter(({ href, waiting: tasks }) => href !== null && tasks > 0);
  const byNeed = [...waiting].sort((a, b) => b.waiting - a.waiting);
  return waiting.find((project) => project === projects[0]) ?? byNeed[0] ?? null;
}
