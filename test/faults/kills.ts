import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

import { labelSome } from './annotators.ts';
import { assertIntact, assertNothingMended, type LabelStudioAt } from './audit.ts';
import { type Chance, createChance } from './chance.ts';
import { type Deployment, deploymentOf, settle } from './deployment.ts';
import { type History, roundsOr } from './history.ts';
import { Installation } from './installation.ts';
import { type Call, type Proxy, startProxy } from './proxy.ts';
import { cutLog } from './wal.ts';

/** Calls to Label Studio by what they are for: the first bytes of the request. */
const CALLS = {
  'project made': /^POST \/api\/projects\/ /,
  'webhook made': /^POST \/api\/webhooks\//,
  'tasks looked up': /^GET \/api\/tasks\/\?\S*prediction_id/,
  'tasks imported': /^POST \/api\/projects\/\d+\/import/,
  'annotator asked for': /^PATCH \/api\/tasks\/\d+/,
  'changes pulled': /^GET \/api\/tasks\/\?\S*updated_at/,
} as const;
type Named = keyof typeof CALLS;
/** Every run comes to these, so that a plan in which none is met has not tested what it says. */
const CERTAIN = ['project made', 'tasks looked up', 'tasks imported', 'changes pulled'] as const;

/**
 * When a process is killed. `asked`: Label Studio never saw the call. `done`: it answered, and the answer never left the
 * proxy. `told`: the answer was on its way to the program, which had no time to note it.
 */
type KillPoint =
  | { readonly at: 'random'; readonly afterMs: number }
  | { readonly at: 'acknowledged'; readonly reports: number }
  | { readonly at: 'asked' | 'done' | 'told'; readonly call: Named };

interface Round {
  readonly kill: KillPoint;
  /** A small budget leaves predictions unselected, a large one makes tasks of all. */
  readonly budget: 'small' | 'large';
}

const ROUNDS = 28;
const AUDITED_EVERY = 9;
/** A moment that this round does not come to is replaced by a kill after this. */
const PATIENCE_MS = 8000;
const REPORT_EVERY_MS = 120;

function drawPlan(chance: Chance): readonly Round[] {
  // Projects and webhooks are made once in an installation's life: their points come first.
  const first: KillPoint[] = [
    { at: 'asked', call: 'project made' },
    { at: 'done', call: 'project made' },
    { at: 'told', call: 'project made' },
    { at: 'done', call: 'webhook made' },
    { at: 'told', call: 'webhook made' },
  ];
  const later: KillPoint[] = [
    { at: 'done', call: 'tasks imported' },
    { at: 'told', call: 'tasks imported' },
    { at: 'asked', call: 'tasks imported' },
    { at: 'done', call: 'tasks looked up' },
    { at: 'told', call: 'changes pulled' },
    { at: 'done', call: 'annotator asked for' },
  ];
  return Array.from({ length: roundsOr(ROUNDS) }, (_, index): Round => {
    const named = first[index] ?? (index % 2 === 0 ? later[(index / 2) % later.length] : undefined);
    return {
      kill: named ?? randomPoint(chance),
      budget: index < first.length || chance.draw() < 0.8 ? 'large' : 'small',
    };
  });
}

const randomPoint = (chance: Chance): KillPoint =>
  chance.draw() < 0.3
    ? { at: 'acknowledged', reports: chance.whole(1, 8) }
    : { at: 'random', afterMs: chance.whole(0, 2500) };

/** SIGKILL again and again while reports, runs and labels go on; after each, nothing acknowledged is missing. */
export async function killAgainAndAgain(
  history: History,
  labelStudio: LabelStudioAt,
): Promise<void> {
  const chance = createChance(history.seed);
  const plan = history.planned(() => drawPlan(chance));
  const proxy = await startProxy(Number(new URL(labelStudio.url).port));
  const installation = await Installation.prepare('kills', {
    LABEL_STUDIO_URL: `http://127.0.0.1:${proxy.port}`,
    LABEL_STUDIO_TOKEN: labelStudio.token,
    OVERLAP_SHARE: '0.5',
  });
  const deployment = deploymentOf(installation, labelStudio, history);
  const met = new Set<string>();
  try {
    await installation.start({ ROLES: 'web' });
    await deployment.users.report();
    for (const [index, round] of plan.entries()) {
      await killOnce({ deployment, proxy, history, chance, met }, round);
      if ((index + 1) % AUDITED_EVERY !== 0 && index + 1 < plan.length) continue;
      await installation.start();
      await settle(deployment, history);
      await assertNothingMended(deployment.place().syncUrl);
    }
    await killBeforeTidying(deployment);
    await cutLog(installation.database, chance, history);
    history.note(`met: ${[...met].join(', ')}`);
    if (plan.length >= ROUNDS)
      for (const name of CERTAIN) assert.ok(met.has(name), `no process was killed at '${name}'`);
  } finally {
    await installation.remove();
    await proxy.close();
  }
}

/** Ended in the midst of its writes, the program leaves them in its log. */
async function killBeforeTidying({ installation, users }: Deployment): Promise<void> {
  const wanted = users.ledger.acknowledged.size + 20;
  const stopReporting = users.keepReporting(20);
  while (users.ledger.acknowledged.size < wanted) await pause(5);
  installation.kill();
  await installation.exited();
  await stopReporting();
}

interface Scene {
  readonly deployment: Deployment;
  readonly proxy: Proxy;
  readonly history: History;
  readonly chance: Chance;
  /** Named points at which a process was killed. */
  readonly met: Set<string>;
}

async function killOnce(scene: Scene, { kill, budget }: Round): Promise<void> {
  const { deployment, proxy, history, chance } = scene;
  const { installation, users } = deployment;
  const { ledger } = users;
  history.figures.rounds += 1;
  await installation.end();
  const death = arm(scene, kill);
  const settings = { LABEL_BUDGET_PER_DAY: budget === 'large' ? '100000' : '40' };
  const isReady = await installation.start(settings).then(
    () => true,
    (error: unknown) => {
      if (death.isDone()) return false;
      throw error;
    },
  );
  if (isReady) {
    const stopReporting = users.keepReporting(REPORT_EVERY_MS);
    death.begin();
    // Labels come while the program may die at any moment; it need not hear of them.
    const labelled = Promise.allSettled([labelSome(deployment.place(), chance, 3)]);
    const run = installation.product.sync().catch(() => null);
    // A run that has ended comes to no named point any more; until then it may, however long a busy machine takes.
    const overdue = 'call' in kill ? run : pause(PATIENCE_MS);
    await Promise.race([installation.exited(), overdue]);
    if (installation.kill()) history.note('killed at the end of patience');
    await installation.exited();
    await stopReporting();
    const [[labelling]] = await Promise.all([labelled, run]);
    if (labelling.status === 'rejected') throw labelling.reason;
  }
  proxy.watch(null);
  await installation.exited();
  history.figures.kills += 1;
  const stored = assertIntact(installation.database);
  history.note(`${JSON.stringify(kill)}: ${ledger.acknowledged.size} of ${stored} acknowledged`);
  assert.ok(ledger.acknowledged.size <= stored, 'the store holds less than was acknowledged');
}

interface Death {
  /** The program is up: moments count from here. */
  begin(): void;
  isDone(): boolean;
}

/** Has the program killed at the point. */
function arm({ deployment, proxy, met }: Scene, kill: KillPoint): Death {
  const { installation, users } = deployment;
  let isDone = false;
  const die = (): void => {
    if (!installation.kill()) return;
    isDone = true;
    if ('call' in kill) met.add(kill.call);
  };
  if ('call' in kill) {
    const isMeant = ({ head }: Call): boolean => !isDone && CALLS[kill.call].test(head);
    const dieAndCut = (): 'cut' => {
      die();
      return 'cut';
    };
    proxy.watch({
      onCall: (call) => (kill.at === 'asked' && isMeant(call) ? dieAndCut() : 'pass'),
      onAnswer: (call, head) => {
        if (kill.at !== 'done' || !isMeant(call)) return 'pass';
        assert.match(head, /^HTTP\/1\.1 20\d/);
        return dieAndCut();
      },
      onPassed: (call) => {
        if (kill.at === 'told' && isMeant(call)) die();
      },
    });
  }
  return {
    isDone: () => isDone,
    begin() {
      if (kill.at === 'random') setTimeout(die, kill.afterMs);
      if (kill.at === 'acknowledged') void dieWhenAcknowledged(users, kill.reports, die);
    },
  };
}

async function dieWhenAcknowledged(
  { ledger }: Deployment['users'],
  reports: number,
  die: () => void,
): Promise<void> {
  const wanted = ledger.acknowledged.size + reports;
  const until = Date.now() + PATIENCE_MS;
  while (ledger.acknowledged.size < wanted && Date.now() < until) await pause(1);
  die();
}
