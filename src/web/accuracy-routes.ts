import type { Request, RequestHandler, Router } from 'express';

import { isLocal } from './access.ts';
import { accuracyJson } from './accuracy-json.ts';
import { accuracyPage } from './accuracy-page.ts';
import { readAccuracy } from './read-accuracy.ts';
import type { WebContext } from './web-context.ts';

/** The estimates, for people and for programs. */
export function addAccuracyRoutes(router: Router, context: WebContext): void {
  const access = mayRead(context);
  router.get('/api/accuracy', access, async (request, response) => {
    const { estimates, comparisons } = await readAccuracy(context);
    const isAsked = asked(request);
    response.set('Cache-Control', 'no-store');
    response.json(
      accuracyJson(
        estimates.filter((estimate) => isAsked(estimate.window, estimate.modelVersion)),
        context.settings.offline,
        comparisons.filter((two) => isAsked(two.window, two.modelVersion, two.baselineVersion)),
      ),
    );
  });
  router.get('/accuracy', access, async (request, response) => {
    const { model_version: modelVersion, window, against } = request.query;
    const isOps = isLocal(request) || context.ops.isOps(request, context.clock.now());
    const page = await accuracyPage(context, { modelVersion, window, against }, isOps);
    context.pages.send(response, 'accuracy', page);
  });
}

/** Open to this machine and to the ops key, and to everybody where the deployment says so. */
function mayRead({ settings, ops, clock }: WebContext): RequestHandler {
  return (request, _response, next) => {
    if (!settings.isAccuracyPublic) ops.requireNear(request, clock.now());
    next();
  };
}

/** Both parameters may be left out. */
function asked({ query }: Request): (window: string, ...versions: readonly string[]) => boolean {
  const { model_version: wanted, window: wantedWindow } = query;
  return (window, ...versions) =>
    (wanted === undefined || versions.some((version) => version === wanted)) &&
    (wantedWindow === undefined || window === wantedWindow);
}
