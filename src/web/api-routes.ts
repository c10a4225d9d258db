import type { Router } from 'express';

import type { OpenApi, Operation } from '../http/openapi.ts';
import { openApi } from './openapi.ts';
import type { WebContext } from './web-context.ts';

/** `/openapi.json` for programs, and `/docs` for people who write one. */
export function addApiRoutes(router: Router, context: WebContext): void {
  const document = openApi(context.settings);
  router.get('/openapi.json', (_request, response) => void response.json(document));
  router.get('/docs', (_request, response) => {
    context.pages.send(response, 'api', {
      operations: operationsOf(document),
      publicUrl: context.settings.publicUrl,
    });
  });
}

const KEYS: Readonly<Record<string, string>> = { ingestKey: 'INGEST_KEY', opsKey: 'OPS_KEY' };

/** The document, flattened for the page. */
const operationsOf = ({ paths }: OpenApi): readonly object[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      id: operation.operationId,
      route: `${method.toUpperCase()} ${path}`,
      summary: operation.summary,
      description: operation.description ?? null,
      key: keyOf(operation),
      parameters: (operation.parameters ?? []).filter((parameter) => parameter.in !== 'path'),
      takes: Object.keys(operation.requestBody?.content ?? {}),
      responses: Object.entries(operation.responses)
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([status, { description }]) => ({ status, description })),
    })),
  );

function keyOf({ security }: Operation): string | null {
  const name = Object.keys(security?.[0] ?? {})[0];
  return name === undefined ? null : (KEYS[name] ?? name);
}
