import express, { type RequestHandler, type Router } from 'express';

import { NotFound, RequestInvalid } from '../domain/errors.ts';
import { opsPage } from './ops-page.ts';
import type { WebContext } from './web-context.ts';

const FORM_BYTES_MAX = 2000;
const AFTER_SIGN_IN = ['/ops', '/accuracy'];

/** The page of whoever runs the service, and the way in. */
export function addOpsRoutes(router: Router, context: WebContext): void {
  const { ops, clock, store } = context;
  const readForm = express.urlencoded({ extended: false, limit: FORM_BYTES_MAX });
  const opsOnly: RequestHandler = (request, _response, next) => {
    ops.require(request, clock.now());
    next();
  };
  router.get('/ops', async (request, response) => {
    if (!ops.isOps(request, clock.now())) signInPage(context, response, null);
    else {
      const said = request.query['said'];
      context.pages.send(response, 'ops', { ...(await opsPage(context)), said: saidWords(said) });
    }
  });
  router.post('/ops/session', readForm, (request, response) => {
    const form = request.body as { key?: unknown; next?: unknown } | undefined;
    const next = AFTER_SIGN_IN.find((path) => path === form?.next) ?? '/ops';
    if (ops.begin(response, form?.key, clock.now())) response.redirect(303, next);
    else signInPage(context, response.status(401), 'This is not the ops key.');
  });
  router.post('/ops/session/end', (_request, response) => {
    ops.end(response);
    response.redirect(303, '/');
  });
  router.post('/ops/redrive', opsOnly, readForm, async (request, response) => {
    await store.redrive(entryIds(request.body as { entry?: unknown } | undefined));
    response.redirect(303, '/ops?said=redriven');
  });
  router.post('/ops/run', opsOnly, async (_request, response) => {
    const { requestRun } = context.operations;
    if (requestRun === null) throw new NotFound('No sync can be reached from here.');
    const said = await requestRun().then(
      () => 'run',
      (error: unknown) => {
        context.log.warn({ err: error }, 'sync not reached');
        return 'unreachable';
      },
    );
    response.redirect(303, `/ops?said=${said}`);
  });
}

function signInPage(
  { pages }: WebContext,
  response: Parameters<WebContext['pages']['send']>[0],
  problem: string | null,
): void {
  pages.send(response, 'sign-in', { problem });
}

/** @returns null for all of them */
function entryIds(form: { entry?: unknown } | undefined): readonly number[] | null {
  if (form?.entry === undefined) return null;
  const id = Number(form.entry);
  if (!Number.isSafeInteger(id))
    throw new RequestInvalid('entry: expected the number of an entry.');
  return [id];
}

const SAID: Readonly<Record<string, string>> = {
  redriven: 'Sent back to the outbox: the next run tries again.',
  unreachable: 'The sync does not answer; the log has the reason.',
  run: 'A run has been asked for. It stands below once it has begun: reload the page.',
};
const saidWords = (said: unknown): string | null =>
  typeof said === 'string' && Object.hasOwn(SAID, said) ? (SAID[said] ?? null) : null;
