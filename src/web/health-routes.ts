import type { Router } from 'express';

import type { ReadyAnswer } from './api-schemas.ts';
import type { WebContext } from './web-context.ts';

/** Alive, ready, and how it goes. Being alive never depends on anything else. */
export function addHealthRoutes(router: Router, context: WebContext): void {
  router.get('/livez', (_request, response) => {
    response.json({ status: 'ok' });
  });
  router.get('/readyz', async (_request, response) => {
    const checks = {
      accepting: context.isReady(),
      store: await answers(context.store.ping()),
      classifier: context.classifier === null || (await context.classifier.isReady()),
    };
    const ready = Object.values(checks).every((isWell) => isWell);
    response.status(ready ? 200 : 503).json({ ready, checks } satisfies ReadyAnswer);
  });
  router.get('/metrics', async (request, response) => {
    context.ops.requireNear(request, context.clock.now());
    const { text, contentType } = await context.metrics();
    response.set({ 'Content-Type': contentType, 'Cache-Control': 'no-store' }).send(text);
  });
}

const answers = (check: Promise<unknown>): Promise<boolean> =>
  check.then(
    () => true,
    () => false,
  );
