import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { freePort } from '../../scripts/start/ports.mjs';
import { type LabelStudioServer, startLabelStudio } from '../servers/label-studio.ts';
import { type S3Server, startMinio } from '../servers/minio.ts';
import { startRedis } from '../servers/redis.ts';
import type { Server } from '../servers/server.ts';
import { allOf } from './all-of.ts';
import { labelSome } from './annotators.ts';
import { assertNothingMended, gauges } from './audit.ts';
import { createChance } from './chance.ts';
import { converge, type Deployment, deploymentOf, settle } from './deployment.ts';
import type { History } from './history.ts';
import { Installation, sharedSecrets } from './installation.ts';
import { type Proxy, startProxy, type Toxic } from './proxy.ts';

const OUTAGE_MS = 60_000;
/** At first the server is there and silent, which is worse than gone; then it is gone. */
const SILENT_MS = 20_000;
const REPORT_EVERY_MS = 300;
/** Whoever can't be served hears of it within this. */
const PUT_OFF_WITHIN_MS = 2000;
const DRAINED_WITHIN_MS = 120_000;

/** Each for a few seconds; a connection that went silent ends with its caller's patience, so that comes last. */
const TOXICS: readonly Toxic[] = [
  { kind: 'latency', ms: 200 },
  { kind: 'bandwidth', bytesPerSecond: 20_000 },
  { kind: 'slicer', bytes: 64, ms: 1 },
  { kind: 'limit_data', bytes: 100 },
  { kind: 'reset_peer', ms: 50 },
  { kind: 'timeout', ms: 500 },
  { kind: 'slow_close', ms: 500 },
  { kind: 'half_open' },
];
const TOXIC_MS = 2500;

/** A dependency behind a proxy, that can be stopped for a while and keeps its data. */
interface Dependency {
  readonly name: 'Label Studio' | 'Redis' | 'S3';
  readonly proxy: Proxy;
  readonly settings: Readonly<Record<string, string>>;
  /** The process of now. */
  readonly pid: () => number;
  readonly kill: () => Promise<void>;
  readonly restart: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

/**
 * Label Studio, Redis and the S3 server behind every fault of a network, then stopped under load; each under an
 * installation of its own, all at once.
 */
export async function stopEachDependency(history: History): Promise<void> {
  // Its own: others go on with the shared one meanwhile.
  const labelStudio = await startLabelStudio();
  const dependencies = [await labelStudioAt(labelStudio), await redis(), await minio()];
  const deployments: Deployment[] = [];
  try {
    for (const dependency of dependencies)
      deployments.push(await prepare(dependency, history, labelStudio));
    const all = async (
      work: (deployment: Deployment, dependency: Dependency) => Promise<void>,
    ): Promise<void> => {
      await allOf(
        dependencies.map((dependency, index) => work(deployments[index] as Deployment, dependency)),
      );
    };
    await all((deployment, dependency) => endureToxics(deployment, dependency, history));
    // One after the other asks Label Studio for everything: it is not to be what is measured.
    for (const deployment of deployments) await assertDrained(deployment, history);
    await all((deployment, dependency) => endureOutage(deployment, dependency, history));
    for (const deployment of deployments) await assertDrained(deployment, history);
  } finally {
    for (const { installation } of deployments) await installation.remove();
    for (const { proxy, remove } of dependencies) {
      await proxy.close();
      await remove();
    }
  }
}

async function prepare(
  { name, settings }: Dependency,
  history: History,
  labelStudio: LabelStudioServer,
): Promise<Deployment> {
  const installation = await Installation.prepare(`${name} stops`, {
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_TOKEN: labelStudio.token,
    LABEL_BUDGET_PER_DAY: '60',
    // Nobody asks for a run: what waited goes by itself.
    SYNC_CRON: '*/2 * * * * *',
    ...settings,
  });
  const deployment = deploymentOf(installation, labelStudio, history);
  await installation.start();
  for (let index = 0; index < 8; index += 1) await deployment.users.report();
  await converge(deployment);
  await labelSome(deployment.place(), createChance(history.seed), 6);
  return deployment;
}

async function endureToxics(
  deployment: Deployment,
  { name, proxy }: Dependency,
  history: History,
): Promise<void> {
  for (const toxic of TOXICS) {
    history.figures.rounds += 1;
    history.figures.faults += 1;
    await underLoad(deployment, `${name} with ${toxic.kind}`, history, async () => {
      proxy.poison(toxic);
      await pause(TOXIC_MS);
      proxy.heal();
    });
  }
}

async function endureOutage(
  deployment: Deployment,
  dependency: Dependency,
  history: History,
): Promise<void> {
  const { name } = dependency;
  const { installation, users, place } = deployment;
  history.figures.rounds += 1;
  history.figures.faults += 1;
  const before = users.ledger.answers.length;
  let waiting = 0;
  await underLoad(deployment, `${name} stopped`, history, async () => {
    process.kill(-dependency.pid(), 'SIGSTOP');
    await pause(SILENT_MS);
    await dependency.kill();
    await pause(OUTAGE_MS - SILENT_MS);
    waiting = (await gauges(place().syncUrl, 'truthloop_outbox_pending')).total;
  });
  const isMissed = users.ledger.answers.slice(before).some(({ status }) => status === 503);
  if (name === 'Label Studio') assert.ok(waiting > 0, 'the backlog is not to be seen');
  else assert.ok(isMissed, `${name} was never missed`);
  await dependency.restart();
  assert.equal(installation.isRunning, true, `${name} took the program along`);
}

/** Users report while something is wrong: nobody is left without an answer, and nobody gets another than is due. */
async function underLoad(
  { users, place }: Deployment,
  what: string,
  history: History,
  trouble: () => Promise<void>,
): Promise<void> {
  const { ledger } = users;
  const before = ledger.answers.length;
  const stopReporting = users.keepReporting(REPORT_EVERY_MS);
  const lag = watchLag(place().webUrl);
  try {
    await trouble();
  } finally {
    await stopReporting();
  }
  const slowestMs = await lag.end();
  const answers = ledger.answers.slice(before);
  const putOff = answers.filter(({ status }) => status === 503).length;
  const slowest = Math.round(Math.max(...answers.map(({ ms }) => ms)));
  history.note(
    `${what}: ${answers.length} answers, ${putOff} of them 503, slowest ${slowest} ms (livez ${Math.round(slowestMs)} ms)`,
  );
  assert.equal(ledger.unanswered, 0, `${what}: ${ledger.unanswered} users got no answer`);
  for (const { status, hasRetryAfter, ms } of answers) {
    const isPutOff = !what.startsWith('Label Studio') && status === 503 && hasRetryAfter;
    assert.ok(status < 300 || isPutOff, `${what}: a user got ${status}`);
    // What even /livez takes is the machine's, not ours.
    if (status === 503)
      assert.ok(ms <= PUT_OFF_WITHIN_MS + slowestMs, `${what}: put off after ${Math.round(ms)} ms`);
  }
}

/** How long the program's event loop takes for the least that it can be asked. */
function watchLag(webUrl: string): { readonly end: () => Promise<number> } {
  let last: Promise<void> = Promise.resolve();
  let slowestMs = 0;
  const ask = async (): Promise<void> => {
    const began = performance.now();
    await (await fetch(`${webUrl}/livez`)).arrayBuffer();
    slowestMs = Math.max(slowestMs, performance.now() - began);
  };
  const timer = setInterval(() => {
    last = Promise.all([last, ask()]).then(() => undefined);
  }, 200);
  return {
    end: async () => {
      clearInterval(timer);
      await last;
      return slowestMs;
    },
  };
}

/** Without being asked, all that waited is done; nothing had to be mended, and everything is there once. */
async function assertDrained(deployment: Deployment, history: History): Promise<void> {
  const { syncUrl } = deployment.place();
  await deployment.users.repeat();
  const deadline = Date.now() + DRAINED_WITHIN_MS;
  while ((await gauges(syncUrl, 'truthloop_outbox_pending')).total > 0) {
    assert.ok(Date.now() < deadline, 'the backlog does not drain by itself');
    await pause(500);
  }
  await settle(deployment, history);
  await assertNothingMended(syncUrl);
}

const proxyBefore = (url: string): Promise<Proxy> => startProxy(Number(new URL(url).port));

async function labelStudioAt(server: LabelStudioServer): Promise<Dependency> {
  const proxy = await proxyBefore(server.url);
  return {
    name: 'Label Studio',
    proxy,
    settings: { LABEL_STUDIO_URL: `http://127.0.0.1:${proxy.port}` },
    pid: () => server.process.pid,
    kill: async () => {
      server.process.kill();
      await server.process.exited;
    },
    restart: () => server.restart(),
    remove: () => server.stop(),
  };
}

async function redis(): Promise<Dependency> {
  const port = await freePort();
  const first = await startRedis({ port });
  const folder = path.dirname(first.process.logFile);
  const proxy = await proxyBefore(first.url);
  let current: Server = first;
  return {
    name: 'Redis',
    proxy,
    settings: {
      STORE: 'redis',
      REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
      ...sharedSecrets(),
    },
    pid: () => current.process.pid,
    kill: async () => {
      current.process.kill();
      await current.process.exited;
    },
    restart: async () => {
      current = await startRedis({ port, args: ['--dir', folder] });
    },
    remove: async () => {
      await current.stop();
      await first.stop();
    },
  };
}

async function minio(): Promise<Dependency> {
  const port = await freePort();
  const first = await startMinio({ port });
  const dataFolder = path.join(path.dirname(first.process.logFile), 'objects');
  const proxy = await proxyBefore(first.url);
  let current: S3Server = first;
  return {
    name: 'S3',
    proxy,
    settings: {
      OBJECTS: 's3',
      S3_ENDPOINT: `http://127.0.0.1:${proxy.port}`,
      S3_BUCKET: 'faults',
      AWS_ACCESS_KEY_ID: first.accessKeyId,
      AWS_SECRET_ACCESS_KEY: first.secretAccessKey,
    },
    pid: () => current.process.pid,
    kill: async () => {
      current.process.kill();
      await current.process.exited;
    },
    restart: async () => {
      current = await startMinio({ port, dataFolder });
    },
    remove: async () => {
      await current.stop();
      await first.stop();
    },
  };
}
