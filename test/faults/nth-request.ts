import assert from 'node:assert/strict';

import { startLabelStudio } from '../servers/label-studio.ts';
import { allOf } from './all-of.ts';
import { labelSome, twoAnnotators } from './annotators.ts';
import { assertNothingMended, type LabelStudioAt } from './audit.ts';
import { createChance } from './chance.ts';
import { converge, type Deployment, deploymentOf, settle } from './deployment.ts';
import type { When } from './fault.ts';
import type { History } from './history.ts';
import { Installation } from './installation.ts';
import { type Call, type Proxy, startProxy } from './proxy.ts';

/** What matters most is cut off by its name as well: how many requests come before it differs from run to run. */
const NAMED = [/^POST \/api\/projects\/\d+\/import/, /^GET \/api\/tasks\/\?\S*updated_at/];
/** Longest run; more means that faults make requests without end. */
const REQUESTS_MAX = 100;

/** Rounds at once, so that not all wait while one waits for tasks that may still be in the making. */
const LANES = 3;

/**
 * The n-th request of one sync run to Label Studio is cut off, for every n, until a run comes to its end without one: of the
 * run that sets Label Studio up, each time in a new installation, and of a run that has tasks to make and labels to read.
 */
export async function failEveryRequest(history: History, when: When): Promise<void> {
  // Its own: it asks for so much that others who kill at a moment would hardly come to theirs.
  const labelStudio = await startLabelStudio();
  try {
    await twoAnnotators(labelStudio);
    let count = 0;
    const prepared = (): Promise<Scene> =>
      prepare({ history, labelStudio, when, count: (count += 1) });
    const [setUp, later] = await allOf([failSetUp(prepared), failLater(prepared)]);
    history.tell(`${setUp} requests of the first run, ${later} of a later one`);
  } finally {
    await labelStudio.stop();
  }
}

interface Scene {
  readonly deployment: Deployment;
  readonly proxy: Proxy;
  readonly history: History;
  readonly when: When;
  readonly close: () => Promise<void>;
}

/** Nothing runs yet. */
async function prepare({
  history,
  labelStudio,
  when,
  count,
}: Pick<Scene, 'history' | 'when'> & {
  readonly labelStudio: LabelStudioAt;
  readonly count: number;
}): Promise<Scene> {
  const proxy = await startProxy(Number(new URL(labelStudio.url).port));
  const installation = await Installation.prepare(`request ${when} ${count}`, {
    LABEL_STUDIO_URL: `http://127.0.0.1:${proxy.port}`,
    LABEL_STUDIO_TOKEN: labelStudio.token,
    LABEL_BUDGET_PER_DAY: '100000',
  });
  const deployment = deploymentOf(installation, labelStudio, history);
  const close = async (): Promise<void> => {
    await installation.remove();
    await proxy.close();
  };
  return { deployment, proxy, history, when, close };
}

const failSetUp = (prepared: () => Promise<Scene>): Promise<number> =>
  forEvery(LANES, async (nth) => {
    const scene = await prepared();
    try {
      return await cutOne(scene, ({ number }) => number === nth);
    } finally {
      await scene.close();
    }
  });

async function failLater(prepared: () => Promise<Scene>): Promise<number> {
  const scene = await prepared();
  const { deployment, history } = scene;
  try {
    await deployment.installation.start();
    await deployment.users.report();
    await converge(deployment);
    const chance = createChance(history.seed);
    const round = async (isMeant: (call: Call) => boolean): Promise<boolean> => {
      await labelSome(deployment.place(), chance, 1);
      return cutOne(scene, isMeant);
    };
    for (const name of NAMED)
      assert.ok(await round(({ head }) => name.test(head)), `a run without ${name}`);
    return await forEvery(1, (nth) => round(({ number }) => number === nth));
  } finally {
    await scene.close();
  }
}

/** @param round whether its run came to an n-th request @returns requests that were cut off */
async function forEvery(lanes: number, round: (nth: number) => Promise<boolean>): Promise<number> {
  let [next, met, isOver] = [0, 0, false];
  const play = async (): Promise<void> => {
    try {
      while (!isOver) {
        next += 1;
        assert.ok(next <= REQUESTS_MAX, `a run makes more than ${REQUESTS_MAX} requests`);
        if (!(await round(next))) break;
        met += 1;
      }
    } finally {
      isOver = true;
    }
  };
  await allOf(Array.from({ length: lanes }, play));
  return met;
}

/** The first request that is meant is cut off. @returns whether there was one */
async function cutOne(scene: Scene, isMeant: (call: Call) => boolean): Promise<boolean> {
  const { deployment, proxy, history, when } = scene;
  const { users, installation, place } = deployment;
  history.figures.rounds += 1;
  const met: string[] = [];
  const cut = (call: Call): 'cut' | 'pass' => {
    if (met.length > 0 || !isMeant(call)) return 'pass';
    met.push(`${call.number}: ${call.head.slice(0, call.head.indexOf(' HTTP/1.1'))}`);
    return 'cut';
  };
  proxy.watch(when === 'before' ? { onCall: cut } : { onAnswer: cut });
  // The first run begins with the program.
  if (!installation.isRunning) await installation.start();
  await users.report();
  const { result } = await installation.product.sync();
  proxy.watch(null);
  history.note(`${met[0] ?? 'none'}: ${String(result)}`);
  history.figures.faults += met.length;
  await settle(deployment, history);
  await assertNothingMended(place().syncUrl);
  return met.length > 0;
}
