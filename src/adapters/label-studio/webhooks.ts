import { z } from 'zod';

import { LabelingToolRefused } from '../../domain/errors.ts';
import { anything, orMissing, type Session } from './session.ts';

/** What a pull should follow soon. */
const ACTIONS = [
  'ANNOTATION_CREATED',
  'ANNOTATIONS_CREATED',
  'ANNOTATION_UPDATED',
  'ANNOTATIONS_DELETED',
  'TASKS_DELETED',
];
/** Statuses by which Label Studio says that the address won't do: reserved network, not an address. */
const ADDRESS_REFUSED = new Set([400, 403]);

const webhookSchema = z.object({
  id: z.number(),
  url: z.string(),
  headers: z.record(z.string(), z.unknown()).catch({}),
  actions: z.array(z.string()).catch([]),
  send_payload: z.boolean(),
  send_for_all_actions: z.boolean(),
  is_active: z.boolean(),
});
type Webhook = z.output<typeof webhookSchema>;

/** Keeps exactly one webhook of ours in the project; ours are those to our address or with our secret. */
export async function ensureWebhook(
  session: Session,
  projectId: number,
  url: string,
  secret: string,
): Promise<'registered' | 'refused'> {
  const all = await session.safe(
    { method: 'GET', path: '/api/webhooks/', params: { project: projectId } },
    z.array(webhookSchema),
  );
  const wanted = wantedWebhook(url, secret);
  const ours = all.filter(
    (hook) => hook.url === url || hook.headers['Authorization'] === wanted.headers.Authorization,
  );
  const kept = ours.find((hook) => isAsWanted(hook, wanted));
  for (const extra of ours.filter((hook) => hook !== kept)) await remove(session, extra.id);
  if (kept !== undefined) return 'registered';
  try {
    await session.once(
      { method: 'POST', path: '/api/webhooks/', body: { project: projectId, ...wanted } },
      anything,
    );
    return 'registered';
  } catch (error) {
    if (error instanceof LabelingToolRefused && ADDRESS_REFUSED.has(error.status)) return 'refused';
    throw error;
  }
}

const wantedWebhook = (url: string, secret: string) => ({
  url,
  // Only a nudge: what happened is read through the API.
  send_payload: false,
  send_for_all_actions: false,
  is_active: true,
  // Label Studio signs nothing, but sends these headers as they are.
  headers: { Authorization: `Bearer ${secret}` },
  actions: ACTIONS,
});

const isAsWanted = (hook: Webhook, wanted: ReturnType<typeof wantedWebhook>): boolean =>
  hook.url === wanted.url &&
  hook.headers['Authorization'] === wanted.headers.Authorization &&
  hook.is_active &&
  !hook.send_for_all_actions &&
  !hook.send_payload &&
  hook.actions.length === ACTIONS.length &&
  ACTIONS.every((action) => hook.actions.includes(action));

const remove = (session: Session, id: number): Promise<unknown> =>
  orMissing(session.safe({ method: 'DELETE', path: `/api/webhooks/${id}/` }, anything));
