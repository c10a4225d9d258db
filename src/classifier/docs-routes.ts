import type { Express } from 'express';

import { DOCS_SCRIPT, DOCS_STYLE, docsPage } from './docs-page.ts';
import type { Models } from './models.ts';
import { openApi } from './openapi.ts';

/** `/openapi.json`, and `/docs` to read it and try it out, of the model in service; nothing is loaded from anywhere else. */
export function addDocsRoutes(app: Express, models: Models): void {
  app.get('/openapi.json', (_request, response) => {
    response.json(openApi(models.serving().model));
  });
  app.get('/docs', (request, response) => {
    const origin = `${request.protocol}://${request.headers.host ?? ''}`;
    response.type('html').send(docsPage(models.serving().model, origin));
  });
  app.get('/docs/docs.css', (_request, response) => void response.type('css').send(DOCS_STYLE));
  app.get('/docs/docs.js', (_request, response) => void response.type('js').send(DOCS_SCRIPT));
}
