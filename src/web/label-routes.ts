import type { Router } from 'express';

import { labelProjects, neediestProject } from './label-projects.ts';
import type { WebContext } from './web-context.ts';

/** The annotators' signpost: what is left, and the way to where labels are needed most. */
export function addLabelRoutes(router: Router, context: WebContext): void {
  router.get('/label', async (_request, response) => {
    const projects = await labelProjects(context);
    context.pages.send(response, 'label', {
      projects,
      isMade: projects.some(({ href }) => href !== null),
      left: projects.reduce((sum, { waiting }) => sum + waiting, 0),
      next: neediestProject(projects),
    });
  });
  // Decided when it is followed: the page may have stood open for hours.
  router.get('/label/next', async (_request, response) => {
    const next = neediestProject(await labelProjects(context));
    response.set('Cache-Control', 'no-store');
    response.redirect(303, next?.href == null ? '/label' : `${next.href}?labeling=1`);
  });
}
