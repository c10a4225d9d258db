import assert from 'node:assert/strict';

import { type FakeLabelStudio, startFakeLabelStudio } from '../fakes/label-studio.ts';
import { peopleOf } from '../fakes/label-studio-people.ts';
import { startRedis } from '../servers/redis.ts';
import { assertNothingMended } from './audit.ts';
import { createChance } from './chance.ts';
import { type Deployment, deploymentOf, settle } from './deployment.ts';
import type { When } from './fault.ts';
import type { History } from './history.ts';
import { CLASSES, Installation, sharedSecrets } from './installation.ts';
import { type Proxy, startProxy } from './proxy.ts';

/** A round reports, selects, pushes, pulls and estimates: far more commands than these. */
const COMMANDS_MIN = 50;
const COMMANDS_MAX = 2000;
const AUDITED_EVERY = 50;

/**
 * The n-th exchange of the built program with Redis is cut off, for every n, while a prediction is reported and flagged and a
 * sync run makes its task and reads labels. What was acknowledged stays, and nothing is done twice.
 */
export async function failEveryCommand(history: History, when: When): Promise<void> {
  const redis = await startRedis();
  const proxy = await startProxy(redis.port);
  const fake = await startFakeLabelStudio();
  const installation = await Installation.prepare(`command ${when}`, {
    STORE: 'redis',
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    LABEL_STUDIO_URL: fake.url,
    LABEL_STUDIO_TOKEN: fake.token,
    LABEL_BUDGET_PER_DAY: '100000',
    ...sharedSecrets(),
  });
  const deployment = deploymentOf(installation, fake, history);
  try {
    await installation.start();
    const scene: Scene = { deployment, fake, proxy, history, when };
    for (let nth = 1; await cutNth(scene, nth); nth += 1) {
      assert.ok(nth < COMMANDS_MAX, `a round makes more than ${COMMANDS_MAX} exchanges`);
      if (nth % AUDITED_EVERY === 0) await settle(deployment, history);
    }
    await settle(deployment, history);
    await assertNothingMended(deployment.place().syncUrl);
    assertPutOff(deployment);
    const { faults } = history.figures;
    assert.ok(faults > COMMANDS_MIN, `only ${faults} exchanges were cut off`);
    history.tell(`${faults} exchanges`);
  } finally {
    await installation.remove();
    await fake.close();
    await proxy.close();
    await redis.stop();
  }
}

interface Scene {
  readonly deployment: Deployment;
  readonly fake: FakeLabelStudio;
  readonly proxy: Proxy;
  readonly history: History;
  readonly when: When;
}

/** @returns whether the round came to an n-th exchange */
async function cutNth(scene: Scene, nth: number): Promise<boolean> {
  const { deployment, fake, proxy, history, when } = scene;
  const { users, installation } = deployment;
  history.figures.rounds += 1;
  await labelOne(scene, nth);
  const state = { isMet: false };
  const cut = ({ number }: { readonly number: number }): 'cut' | 'pass' => {
    if (number !== nth) return 'pass';
    state.isMet = true;
    return 'cut';
  };
  proxy.watch(when === 'before' ? { onCall: cut } : { onAnswer: cut });
  await users.report();
  // Whoever asks how the run goes may be put off, too; the run goes on.
  await installation.product.sync().catch(() => null);
  proxy.watch(null);
  if (state.isMet) history.figures.faults += 1;
  const made = [...fake.records.tasks.values()].map(({ data }) => data['prediction_id']);
  assert.equal(new Set(made).size, made.length, `doubled: a task, when exchange ${nth} was cut`);
  return state.isMet;
}

/** Somebody answers a task that has no answer yet. */
async function labelOne({ fake, history }: Scene, nth: number): Promise<void> {
  const { tasks, annotations } = fake.records;
  const answered = new Set([...annotations.values()].map(({ task }) => task));
  const open = [...tasks.keys()].find((id) => !answered.has(id));
  if (open === undefined) return;
  const choice = createChance(history.seed + nth).pick(CLASSES);
  await peopleOf(fake.url, fake.token).annotate(open, [choice]);
}

/** Nobody was left without an answer, and whoever was put off heard when to come back. */
function assertPutOff({ users: { ledger } }: Deployment): void {
  assert.equal(ledger.unanswered, 0, 'users without an answer');
  for (const { status, hasRetryAfter } of ledger.answers)
    assert.ok(status < 300 || (status === 503 && hasRetryAfter), `a user got ${status}`);
  assert.ok(
    ledger.answers.some(({ status }) => status === 503),
    'nobody was put off',
  );
}
