import express, { type Router } from 'express';

import { RequestInvalid } from '../domain/errors.ts';
import { newKeyRequest } from './api-schemas.ts';
import { requireKey } from './report-routes.ts';
import type { WebContext } from './web-context.ts';

/** Keys of reporting services, for whoever runs the deployment: `npm run keys` asks here. */
export function addReporterRoutes(router: Router, context: WebContext): void {
  const { reporterKeys } = context;
  const opsOnly = requireKey(context.settings.opsKey, 'OPS_KEY');
  router.get('/api/keys', opsOnly, async (_request, response) => {
    const reporters = await reporterKeys.list();
    response.json({
      keys: reporters.map(({ name, madeAt }) => ({
        name,
        made_at: new Date(madeAt).toISOString(),
      })),
    });
  });
  router.post('/api/keys', opsOnly, express.json({ limit: 1024 }), async (request, response) => {
    const parsed = newKeyRequest.safeParse(request.body);
    if (!parsed.success) throw new RequestInvalid('Expected {"name": "..."}.');
    const key = await reporterKeys.make(parsed.data.name);
    response.status(201).set('Cache-Control', 'no-store').json({ name: parsed.data.name, key });
  });
  router.delete('/api/keys/:name', opsOnly, async (request, response) => {
    await reporterKeys.revoke(String(request.params['name']));
    response.status(204).end();
  });
}
