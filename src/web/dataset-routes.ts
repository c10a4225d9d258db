import { once } from 'node:events';

import type { Response, Router } from 'express';
import { z } from 'zod';

import { datasetRow, type RowChoice } from '../dataset/dataset-row.ts';
import { RequestInvalid } from '../domain/errors.ts';
import type { WindowName } from '../domain/window.ts';
import { rollingWindow } from '../domain/window.ts';
import { requireKey } from './report-routes.ts';
import type { WebContext } from './web-context.ts';

/** Reports may carry a time a little ahead of their arrival. */
const AHEAD_MS = 3_600_000;

const yes = z.enum(['true', 'false']).default('false');
const querySchema = z.object({
  window: z
    .string()
    .regex(/^([1-9]\d{0,3}[hd]|all)$/, 'expected hours, days or all, for instance 30d')
    .default('30d'),
  model_version: z.string().optional(),
  hold_out: yes,
  with_model_answers: yes,
});

/**
 * The rows of a training set, one JSON object a line, each with the address of its image: what `npm run export -- dataset`
 * writes into its manifest, for a retraining service elsewhere. For whoever runs the service.
 */
export function addDatasetRoutes(router: Router, context: WebContext): void {
  const { settings, store, clock } = context;
  router.get('/api/dataset', requireKey(settings.opsKey, 'OPS_KEY'), async (request, response) => {
    const { window, choice } = readQuery(request.query, settings.classes);
    const now = clock.now();
    const versions = await store.modelVersions();
    const firstAt = Math.min(now, ...versions.map((version) => version.firstAt));
    const { from } = rollingWindow(window, now, firstAt);
    response.set({ 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' });
    for await (const records of store.recordsBetween(from, now + AHEAD_MS))
      for (const record of records) {
        const row = datasetRow(record, choice);
        if (typeof row === 'string') continue;
        const imageUrl = context.imageLinks.urlFor(record.prediction.id, now);
        if (!(await send(response, { ...row, image_url: imageUrl }))) return;
      }
    response.end();
  });
}

function readQuery(
  query: unknown,
  classes: readonly string[],
): { readonly window: WindowName; readonly choice: RowChoice } {
  const parsed = querySchema.safeParse(query);
  if (!parsed.success)
    throw new RequestInvalid(`This dataset can't be given: ${z.prettifyError(parsed.error)}`);
  const { window, model_version: version, hold_out: held, with_model_answers: own } = parsed.data;
  return {
    window: window as WindowName,
    choice: {
      classes: new Set(classes),
      modelVersion: version ?? null,
      holdOut: held === 'true',
      withModelAnswers: own === 'true',
    },
  };
}

/** Waits for a slow reader. @returns false when it has gone */
async function send(response: Response, row: object): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(`${JSON.stringify(row)}\n`)) return true;
  await Promise.race([once(response, 'drain'), once(response, 'close')]);
  return !response.destroyed;
}
