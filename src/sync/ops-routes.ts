import express, { type RequestHandler, type Router } from 'express';
import { z } from 'zod';

import { hasBearer } from '../http/bearer.ts';
import type { OutboxEntry, OutboxStore } from '../ports/store/outbox-store.ts';
import type { RunStore, SyncRun } from '../ports/store/run-store.ts';
import { NO_ORDERS, type Orders, type SyncLoop } from './sync-loop.ts';

const DEAD_SHOWN = 1000;
const BODY_BYTES_MAX = 100_000;

const redriveSchema = z.object({ entries: z.array(z.int().positive()).min(1).nullish() });
const reconcileSchema = z.object({ deletions: z.enum(['accept', 'keep']).nullish() });

export interface OpsOptions {
  readonly loop: SyncLoop;
  readonly store: Pick<RunStore, 'findRun' | 'finding'> &
    Pick<OutboxStore, 'redrive' | 'deadEntries'>;
  readonly opsKey: string;
}

/** What whoever runs the service asks the sync: a run, a comparison, dead entries again. All with the ops key. */
export function addOpsRoutes(router: Router, { loop, store, opsKey }: OpsOptions): void {
  const opsOnly = requireOps(opsKey);
  const json = express.json({ limit: BODY_BYTES_MAX });
  const run = (orders: Orders): RequestHandler => {
    return (_request, response) => {
      const id = loop.request('request', orders);
      if (id === null)
        response
          .status(503)
          .json(problem('DRAINING', 'The service is stopping; ask again in a moment.'));
      else response.status(202).location(`/runs/${id}`).json({ id });
    };
  };
  router.post('/runs', opsOnly, run(NO_ORDERS));
  router.get('/runs/:id', opsOnly, async (request, response) => {
    const id = String(request.params['id']);
    const found = await store.findRun(id);
    if (found !== null) response.json(runView(found));
    else if (loop.isComing(id)) response.json({ id, result: 'queued' });
    else response.status(404).json(problem('NOT_FOUND', `There is no run ${id}.`));
  });
  router.post('/reconciliation', opsOnly, json, (request, response, next) => {
    const asked = reconcileSchema.safeParse(request.body ?? {});
    if (!asked.success) refuse(response, 'deletions: expected "accept", "keep" or nothing.');
    else run({ reconcile: true, decision: asked.data.deletions ?? null })(request, response, next);
  });
  router.get('/reconciliation', opsOnly, async (_request, response) => {
    response.json((await store.finding('reconciliation')) ?? null);
  });
  router.post('/outbox/redrive', opsOnly, json, async (request, response) => {
    const asked = redriveSchema.safeParse(request.body ?? {});
    if (!asked.success) {
      refuse(response, 'entries: expected a list of numbers of entries, or nothing for all.');
      return;
    }
    const redriven = await store.redrive(asked.data.entries ?? null);
    loop.request('request');
    response.json({ redriven });
  });
  router.get('/outbox/dead', opsOnly, async (_request, response) => {
    response.json({ entries: (await store.deadEntries(DEAD_SHOWN)).map(entryView) });
  });
}

export const problem = (code: string, message: string): object => ({ error: { code, message } });

const refuse = (response: Parameters<RequestHandler>[1], message: string): void => {
  response.status(422).json(problem('REQUEST_INVALID', message));
};

const requireOps =
  (opsKey: string): RequestHandler =>
  (request, response, next) => {
    if (hasBearer(request.headers.authorization, opsKey)) next();
    else
      response
        .status(401)
        .json(problem('UNAUTHORIZED', 'Send the ops key: Authorization: Bearer <OPS_KEY>.'));
  };

const runView = (run: SyncRun): object => ({
  id: run.id,
  trigger: run.trigger,
  result: run.result,
  started_at: new Date(run.startedAt).toISOString(),
  finished_at: run.finishedAt === null ? null : new Date(run.finishedAt).toISOString(),
  selected: run.selected,
  pushed: run.pushed,
  pulled: run.pulled,
  error: run.error,
});

const entryView = (entry: OutboxEntry): object => ({
  entry: entry.id,
  kind: entry.kind,
  prediction_id: entry.predictionId,
  project: entry.project,
  attempts: entry.attempts,
  since: new Date(entry.createdAt).toISOString(),
  reason: entry.lastError,
});
