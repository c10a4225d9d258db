import assert from 'node:assert/strict';
import http from 'node:http';

import fc from 'fast-check';

import { type Annotator } from '../e2e/annotator.ts';
import { twoAnnotators } from './annotators.ts';
import { gauges, type LabelStudioAt, patiently, tasksIn } from './audit.ts';
import { type Deployment, deploymentOf, settle } from './deployment.ts';
import { type History, roundsOr } from './history.ts';
import { CLASSES, Installation } from './installation.ts';

const SCHEDULES = 5;
const OVERSIZED_BYTES = 2 * 1024 * 1024;

/** What happens next: somebody answers, changes or withdraws an answer; a webhook arrives, at last, again, or never was one. */
type Step =
  | { readonly kind: 'annotate'; readonly which: number; readonly choice: number }
  | { readonly kind: 'edit'; readonly which: number; readonly choice: number }
  | { readonly kind: 'remove'; readonly which: number }
  | { readonly kind: 'deliver'; readonly which: number; readonly times: number }
  | { readonly kind: 'forge' }
  | { readonly kind: 'oversize' };

const which = fc.nat(1000);
const choice = fc.nat(CLASSES.length - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('annotate' as const), which, choice }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('edit' as const), which, choice }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), which }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      which,
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'forge' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'oversize' as const }) },
);

/** A webhook as Label Studio sent it, held back. */
interface Held {
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/**
 * Label Studio's own webhooks are held back and delivered doubled, late, in another order or never, among forged and
 * oversized ones. Whatever the schedule, one last poll makes everything be counted once.
 */
export async function disturbWebhooks(history: History, labelStudio: LabelStudioAt): Promise<void> {
  const post = await startPost();
  const installation = await Installation.prepare('webhooks', {
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_TOKEN: labelStudio.token,
    WEBHOOK_URL: `${post.url}/webhooks/label-studio`,
  });
  const deployment = deploymentOf(installation, labelStudio, history);
  try {
    await installation.start();
    const people = await twoAnnotators(labelStudio);
    const scene = { deployment, people, held: post.held, history };
    const property = fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), (schedule) =>
      play(
        scene,
        history.planned(() => schedule),
      ),
    );
    const numRuns = roundsOr(SCHEDULES);
    await fc.assert(property, { seed: history.seed, numRuns, endOnFailure: true });
    assert.ok(post.held.length > 0, 'Label Studio sent no webhook: nothing was tested');
  } finally {
    await installation.remove();
    await post.close();
  }
}

interface Scene {
  readonly deployment: Deployment;
  readonly people: readonly [Annotator, Annotator];
  readonly held: readonly Held[];
  readonly history: History;
}

async function play(scene: Scene, schedule: readonly Step[]): Promise<void> {
  const { deployment, history } = scene;
  history.figures.rounds += 1;
  history.note(JSON.stringify(schedule));
  for (let index = 0; index < 3; index += 1) await deployment.users.report();
  await deployment.installation.product.sync();
  for (const next of schedule) await take(scene, next);
  await settle(deployment, history);
}

async function take(scene: Scene, next: Step): Promise<void> {
  const { deployment, people, held, history } = scene;
  const at = <Item>(items: readonly Item[], index: number): Item | undefined =>
    items.length === 0 ? undefined : items[index % items.length];
  switch (next.kind) {
    case 'annotate': {
      const task = at(await tasksIn(deployment.place()), next.which);
      if (task !== undefined)
        await patiently(() =>
          (at(people, next.which) ?? people[0]).annotate(task.id, [CLASSES[next.choice] ?? '']),
        );
      return;
    }
    case 'edit':
    case 'remove': {
      const all = (await tasksIn(deployment.place())).flatMap(({ annotations }) => annotations);
      const annotation = at(all, next.which);
      if (annotation === undefined) return;
      await patiently(() =>
        next.kind === 'remove'
          ? people[0].remove(annotation.id)
          : people[0].edit(annotation.id, [CLASSES[next.choice] ?? '']),
      );
      return;
    }
    case 'deliver': {
      const webhook = at(held, next.which);
      for (let time = 0; webhook !== undefined && time < next.times; time += 1)
        assert.equal(await send(scene, webhook.headers, webhook.body), 202);
      history.figures.faults += next.times;
      return;
    }
    case 'forge':
      await assertForgedIsRefused(scene);
      history.figures.faults += 1;
      return;
    case 'oversize': {
      const { product } = deployment.installation;
      const headers = { authorization: `Bearer ${product.secret('WEBHOOK_SECRET')}` };
      assert.equal(await send(scene, headers, Buffer.alloc(OVERSIZED_BYTES, 'x')), 413);
      history.figures.faults += 1;
    }
  }
}

/** @returns the status; 413 also when the program hung up on what it did not want to read */
async function send(
  { deployment }: Scene,
  headers: http.IncomingHttpHeaders,
  body: Buffer,
): Promise<number> {
  const answer = await fetch(`${deployment.place().syncUrl}/webhooks/label-studio`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(headers.authorization === undefined ? {} : { Authorization: headers.authorization }),
    },
    body: new Uint8Array(body),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** A wrong secret, or none, starts nothing: no run has begun or waits, so that one asked for now is the next and only one. */
async function assertForgedIsRefused(scene: Scene): Promise<void> {
  const { syncUrl } = scene.deployment.place();
  const { product } = scene.deployment.installation;
  const runs = async (): Promise<number> =>
    (await gauges(syncUrl, 'truthloop_sync_runs_total', 'job="run"')).total;
  await product.sync();
  const before = await runs();
  const body = Buffer.from('{"action":"ANNOTATIONS_DELETED"}');
  assert.equal(await send(scene, {}, body), 401);
  assert.equal(await send(scene, { authorization: 'Bearer of-nothing' }, body), 401);
  // One that a webhook had begun would end before this one.
  await product.sync();
  assert.equal(await runs(), before + 1, 'a forged webhook started a run');
}

/** Takes Label Studio's webhooks in and keeps them. */
async function startPost(): Promise<{
  readonly url: string;
  readonly held: readonly Held[];
  readonly close: () => Promise<void>;
}> {
  const held: Held[] = [];
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      held.push({ headers: request.headers, body: Buffer.concat(parts) });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    held,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
