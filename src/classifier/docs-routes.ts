import type { Express } from 'express';

import { DOCS_SCRIPT, DOCS_STYLE, docsPage } from './docs-page.ts';
import { openApi } from './openapi.ts';

/** `/openapi.json`, and `/docs` to read it and try it out; nothing is loaded from anywhere else. */
export function docsRoutes(
  app: Express,
  model: { readonly name: string; readonly version: string; readonly classes: readonly string[] },
): void {
  const document = openApi(model);
  app.get('/openapi.json', (_request, response) => void response.json(document));
  app.get('/docs', (request, response) => {
    const origin = `${request.protocol}://${request.headers.host ?? ''}`;
    response.type('html').send(docsPage(model, origin));
  });
  app.get('/docs/docs.css', (_request, response) => void response.type('css').send(DOCS_STYLE));
  app.get('/docs/docs.js', (_request, response) => void response.type('js').send(DOCS_SCRIPT));
}
