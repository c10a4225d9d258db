import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';

import { labelSome } from './annotators.ts';
import { assertIntact, assertNothingMended, type LabelStudioAt } from './audit.ts';
import { type Chance, createChance } from './chance.ts';
import { type Deployment, deploymentOf, settle } from './deployment.ts';
import { type History, roundsOr } from './history.ts';
import { Installation } from './installation.ts';

const ROUNDS = 8;
const REPORTS = 5;

/**
 * No file of the running program may grow beyond a size: records, images and its own log meet it as they meet a full disk, a
 * write that goes half way included (setrlimit(2), RLIMIT_FSIZE; Node ignores the signal, so that writes fail with EFBIG).
 * What can't be recorded is put off, what was acknowledged stays, and all goes on once there is room.
 */
export async function fillTheDisk(history: History, labelStudio: LabelStudioAt): Promise<void> {
  const chance = createChance(history.seed);
  const plan = history.planned(() => drawPlan(chance));
  const installation = await Installation.prepare('full disk', {
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_TOKEN: labelStudio.token,
    LABEL_BUDGET_PER_DAY: '100000',
  });
  const deployment = deploymentOf(installation, labelStudio, history);
  try {
    await installation.start();
    for (let index = 0; index < REPORTS; index += 1) await deployment.users.report();
    await settle(deployment, history);
    let putOff = 0;
    for (const room of plan) putOff += await endure(deployment, room, history);
    await labelSome(deployment.place(), chance, REPORTS);
    await settle(deployment, history);
    await assertNothingMended(deployment.place().syncUrl);
    await installation.end();
    assertIntact(installation.database);
    history.tell(`${putOff} reports were put off`);
  } finally {
    await installation.remove();
  }
}

/** Bytes by which the log of the database may still grow; `none`: nowhere is room for anything. */
type Room = number | 'none';
/** Less than what a few reports write: some meet the end in the midst of their transaction. */
const ROOM_BYTES_MAX = 300_000;

const drawPlan = (chance: Chance): readonly Room[] => [
  'none',
  ...Array.from({ length: roundsOr(ROUNDS) - 1 }, () => chance.whole(0, ROOM_BYTES_MAX)),
];

/** @returns reports that were put off */
async function endure(
  { installation, users }: Deployment,
  room: Room,
  history: History,
): Promise<number> {
  const { product, database } = installation;
  const { answers } = users.ledger;
  const before = answers.length;
  const limit = room === 'none' ? 0 : statSync(`${database}-wal`).size + room;
  limitFiles(product.process.pid, String(limit));
  history.figures.rounds += 1;
  history.figures.faults += 1;
  for (let index = 0; index < REPORTS; index += 1) await users.report();
  // A run that can't write must not take the program along.
  await fetch(`${product.syncUrl}/runs`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${product.secret('OPS_KEY')}` },
  });
  const alive = await fetch(`${product.webUrl}/livez`);
  assert.equal(alive.status, 200);
  limitFiles(product.process.pid, 'unlimited');
  assert.equal(installation.isRunning, true, 'a full disk ended the program');
  assert.equal(users.ledger.unanswered, 0, 'a user got no answer');
  const given = answers.slice(before);
  for (const { status, hasRetryAfter } of given)
    assert.ok(status < 300 || (status === 503 && hasRetryAfter), `a user got ${status}`);
  await users.repeat();
  const putOff = given.filter(({ status }) => status === 503).length;
  assert.ok(putOff > 0, 'no report met the full disk');
  history.note(`${limit} bytes: ${given.length} answers, ${putOff} of them 503`);
  return putOff;
}

const limitFiles = (pid: number, bytes: string): void => {
  execFileSync('prlimit', [`--pid=${pid}`, `--fsize=${bytes}:`]);
};
