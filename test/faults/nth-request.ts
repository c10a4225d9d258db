import assert from 'node:assert/strict';

import { labelSome } from './annotators.ts';
import { assertNothingMended, type LabelStudioAt } from './audit.ts';
import { createChance } from './chance.ts';
import { converge, type Deployment, deploymentOf, settle } from './deployment.ts';
import type { When } from './fault.ts';
import type { History } from './history.ts';
import { Installation } from './installation.ts';
import { type Proxy, startProxy } from './proxy.ts';

/** What a run that finds work always asks for: a round that met none of it has not tested what it says. */
const MET = [/^POST \/api\/projects\/\d+\/import/, /^GET \/api\/tasks\?\S*updated_at/];
/** Longest run; more means that faults make requests without end. */
const REQUESTS_MAX = 100;

/**
 * The n-th request of one sync run to Label Studio is cut off, for every n, until a run comes to its end without one: of the
 * run that sets Label Studio up, each time in a new installation, and of a run that has tasks to make and labels to read.
 */
export async function failEveryRequest(
  history: History,
  labelStudio: LabelStudioAt,
  when: When,
): Promise<void> {
  const proxy = await startProxy(Number(new URL(labelStudio.url).port));
  const scene: Scene = { proxy, history, when, heads: new Set() };
  let count = 0;
  const prepared = (): Promise<Deployment> => prepare(scene, labelStudio, (count += 1));
  try {
    const setUp = await forEvery(async (nth) => {
      const deployment = await prepared();
      try {
        return await cutNth(scene, deployment, nth);
      } finally {
        await deployment.installation.remove();
      }
    });
    const later = await failLater(scene, await prepared());
    history.tell(`${setUp} requests of the first run, ${later} of a later one`);
    for (const wanted of MET)
      assert.ok(
        [...scene.heads].some((head) => wanted.test(head)),
        `${wanted} was never cut off`,
      );
  } finally {
    await proxy.close();
  }
}

interface Scene {
  readonly proxy: Proxy;
  readonly history: History;
  readonly when: When;
  /** Beginnings of the requests that were cut off. */
  readonly heads: Set<string>;
}

/** Nothing runs yet. */
async function prepare(
  { proxy, history, when }: Scene,
  labelStudio: LabelStudioAt,
  count: number,
): Promise<Deployment> {
  const installation = await Installation.prepare(`request ${when} ${count}`, {
    LABEL_STUDIO_URL: `http://127.0.0.1:${proxy.port}`,
    LABEL_STUDIO_TOKEN: labelStudio.token,
    LABEL_BUDGET_PER_DAY: '100000',
  });
  return deploymentOf(installation, labelStudio, history);
}

async function failLater(scene: Scene, deployment: Deployment): Promise<number> {
  const chance = createChance(scene.history.seed);
  try {
    await deployment.installation.start();
    await deployment.users.report();
    await converge(deployment);
    return await forEvery(async (nth) => {
      await labelSome(deployment.place(), chance, 1);
      return cutNth(scene, deployment, nth);
    });
  } finally {
    await deployment.installation.remove();
  }
}

/** @param round whether its run came to an n-th request @returns requests that were cut off */
async function forEvery(round: (nth: number) => Promise<boolean>): Promise<number> {
  for (let nth = 1; ; nth += 1) {
    assert.ok(nth <= REQUESTS_MAX, `a run makes more than ${REQUESTS_MAX} requests`);
    if (!(await round(nth))) return nth - 1;
  }
}

async function cutNth(scene: Scene, deployment: Deployment, nth: number): Promise<boolean> {
  const { proxy, history, when, heads } = scene;
  const { users, installation, place } = deployment;
  history.figures.rounds += 1;
  const met: string[] = [];
  const cut = ({ number, head }: { number: number; head: string }): 'cut' | 'pass' => {
    if (number !== nth) return 'pass';
    met.push(head.slice(0, head.indexOf(' HTTP/1.1')));
    return 'cut';
  };
  proxy.watch(when === 'before' ? { onCall: cut } : { onAnswer: cut });
  // The first run begins with the program.
  if (!installation.isRunning) await installation.start();
  await users.report();
  const { result } = await installation.product.sync();
  proxy.watch(null);
  history.note(`${nth}: ${met[0] ?? 'none'}: ${String(result)}`);
  for (const head of met) {
    heads.add(head);
    history.figures.faults += 1;
  }
  await settle(deployment, history);
  await assertNothingMended(place().syncUrl);
  return met.length > 0;
}
