import assert from 'node:assert/strict';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

import { startMinio } from '../servers/minio.ts';
import { startRedis } from '../servers/redis.ts';
import { labelSome } from './annotators.ts';
import { assertNothingMended, audit, type LabelStudioAt, type Place } from './audit.ts';
import { type Chance, createChance } from './chance.ts';
import { type History, roundsOr } from './history.ts';
import { Installation, sharedSecrets, TINY_MODEL } from './installation.ts';
import { type Proxy, startProxy } from './proxy.ts';
import { createUsers, type Users } from './users.ts';

const KILLS = 8;
const REPORT_EVERY_MS = 150;
/** A dead process's turn lasts a minute; then another one takes over. */
const TAKEN_OVER_WITHIN_MS = 150_000;

/** Who is killed when. */
interface Round {
  readonly victim: 'front' | 'sync';
  readonly index: number;
  readonly afterMs: number;
}

function drawPlan(chance: Chance): readonly Round[] {
  const rounds = Array.from({ length: roundsOr(KILLS) }, (): Round => ({
    victim: chance.draw() < 0.75 ? 'front' : 'sync',
    index: chance.whole(0, 2),
    afterMs: chance.whole(200, 3000),
  }));
  // At least one sync dies.
  return [...rounds.slice(0, -1), { victim: 'sync', index: 0, afterMs: 500 }];
}

/**
 * Three processes of web and classifier and two of sync over one Redis and one S3, behind a load balancer of our own; one
 * of them is killed again and again. The result is that of one process.
 */
export async function killAmongMany(history: History, labelStudio: LabelStudioAt): Promise<void> {
  const chance = createChance(history.seed);
  const plan = history.planned(() => drawPlan(chance));
  const redis = await startRedis();
  const s3 = await startMinio();
  const secrets = sharedSecrets();
  const shared = {
    STORE: 'redis',
    REDIS_URL: redis.url,
    OBJECTS: 's3',
    S3_ENDPOINT: s3.url,
    S3_BUCKET: 'many',
    AWS_ACCESS_KEY_ID: s3.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.secretAccessKey,
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_TOKEN: labelStudio.token,
    PROJECT_PREFIX: 'Faults many',
    SYNC_CRON: '*/2 * * * * *',
    LABEL_BUDGET_PER_DAY: '100000',
    ...secrets,
  };
  const front = await prepareSome(
    Array.from({ length: 3 }, () => ({
      ...shared,
      ROLES: 'web,classifier',
      MODEL_DIR: TINY_MODEL,
    })),
  );
  const port = Number(new URL(labelStudio.url).port);
  const proxies = [await startProxy(port), await startProxy(port)];
  const syncs = await prepareSome(
    proxies.map((proxy) => ({
      ...shared,
      ROLES: 'sync',
      LABEL_STUDIO_URL: `http://127.0.0.1:${proxy.port}`,
    })),
  );
  const balancer = await startBalancer(front);
  const users = createUsers({
    webUrl: () => balancer.url,
    ingestKey: () => secrets['INGEST_KEY'] ?? '',
    chance,
    at: new Date().toISOString(),
  });
  try {
    await Promise.all([...front, ...syncs].map((one) => one.start()));
    const stopReporting = users.keepReporting(REPORT_EVERY_MS);
    const place = placeOf(balancer.url, syncs[0], secrets['OPS_KEY'] ?? '', labelStudio);
    for (const round of plan) {
      history.figures.rounds += 1;
      history.note(JSON.stringify(round));
      const victims = round.victim === 'front' ? front : syncs;
      const victim = victims[round.index % victims.length] as Installation;
      await labelSome(place, chance, 1);
      await pause(round.afterMs);
      assert.ok(victim.kill(), 'a process ended by itself');
      history.figures.kills += 1;
      await victim.start();
    }
    const living = await killWhoPushes(syncs, proxies, history);
    await stopReporting();
    await finish({ users, place, living, history });
  } finally {
    for (const one of [...front, ...syncs]) await one.remove();
    await balancer.close();
    for (const proxy of proxies) await proxy.close();
    await redis.stop();
    await s3.stop();
  }
}

const prepareSome = (
  settings: readonly Readonly<Record<string, string>>[],
): Promise<readonly Installation[]> =>
  Promise.all(settings.map((one) => Installation.prepare('many', one)));

const placeOf = (
  webUrl: string,
  sync: Installation | undefined,
  opsKey: string,
  labelStudio: LabelStudioAt,
): Place => ({
  webUrl,
  syncUrl: `http://127.0.0.1:${sync?.settings['SYNC_PORT'] ?? ''}`,
  opsKey,
  labelStudio,
  projectPrefix: 'Faults many',
});

/**
 * The sync that has the turn dies between Label Studio's answer and its own note of it.
 * @returns those that live, and will take over
 */
async function killWhoPushes(
  syncs: readonly Installation[],
  proxies: readonly Proxy[],
  history: History,
): Promise<readonly Installation[]> {
  const died = proxies.map(
    (proxy, index) =>
      new Promise<Installation | undefined>((resolve) => {
        proxy.watch({
          onAnswer: ({ head }) => {
            if (!/^POST \/api\/projects\/\d+\/import/.test(head)) return 'pass';
            for (const other of proxies) other.watch(null);
            syncs[index]?.kill();
            resolve(syncs[index]);
            return 'cut';
          },
        });
      }),
  );
  const dead = await Promise.race(died);
  await dead?.exited();
  history.figures.kills += 1;
  history.note('a sync was killed between the answer to an import and its note');
  return syncs.filter((sync) => sync !== dead);
}

async function finish(scene: {
  readonly users: Users;
  readonly place: Place;
  readonly living: readonly Installation[];
  readonly history: History;
}): Promise<void> {
  const { users, living, history } = scene;
  await users.repeat();
  const place = { ...scene.place, syncUrl: living[0]?.product.syncUrl ?? '' };
  const deadline = Date.now() + TAKEN_OVER_WITHIN_MS;
  for (;;) {
    for (const sync of living) await sync.product.sync();
    const failure = await audit(place, users.ledger).then(
      ({ records }) => {
        history.figures.records += records;
        return null;
      },
      (error: unknown) => error as Error,
    );
    if (failure === null) break;
    // The turn of the dead may last: until then, what waits is no loss. Doubled is doubled at once.
    if (Date.now() > deadline || /doubled/.test(failure.message)) throw failure;
    await pause(1000);
  }
  for (const sync of living) await assertNothingMended(sync.product.syncUrl);
}

/** Sends each request to the next process that listens; what a dying one cut off is told as cut off. */
async function startBalancer(
  targets: readonly Installation[],
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  let turn = 0;
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (part: Buffer) => chunks.push(part));
    request.on('end', () => {
      pass(Buffer.concat(chunks), targets.length);
    });
    const pass = (body: Buffer, left: number): void => {
      turn += 1;
      const port = targets[turn % targets.length]?.settings['WEB_PORT'] ?? '';
      const { method = 'GET', url = '/', headers } = request;
      const onward = http.request({ host: '127.0.0.1', port, method, path: url, headers });
      onward.on('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        answer.on('error', () => response.destroy());
      });
      onward.on('error', (error) => {
        const isNobody = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
        if (isNobody && left > 1) pass(body, left - 1);
        else response.destroy();
      });
      onward.end(body);
    };
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
