import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Redis } from 'ioredis';

import { openRedisStore } from '../../../src/adapters/redis/open-redis-store.ts';
import { StoreUnavailable, StoreUnusable } from '../../../src/domain/errors.ts';
import type { AccuracyEstimate } from '../../../src/domain/estimate.ts';
import type { Store } from '../../../src/ports/store.ts';
import { describeStore } from '../../contract/store.contract.ts';
import {
  agreed,
  annotation,
  commit,
  DAY,
  entriesOf,
  NOON,
  pid,
  prediction,
  pull,
  pushTasks,
  takeLease,
  V1,
} from '../../contract/store/fixtures.ts';
import { startProxy } from '../../faults/proxy.ts';
import { startRedis } from '../../servers/redis.ts';
import type { Server } from '../../servers/server.ts';

const PAST = {
  ...{ asOf: NOON, accuracy: 0.1 + 0.2, lower: 0.1, upper: 0.5, naive: null },
  ...{ labels: 7, maturity: 0.75, reliable: true },
};

let server: Server;
let client: Redis;

before(async function () {
  this.timeout(60_000);
  server = await startRedis();
  client = new Redis(server.url);
});
after(async () => {
  client.disconnect();
  await server.stop();
});

describeStore('redis', async () => {
  await client.flushall();
  const store = await openRedisStore({ url: server.url });
  return {
    store,
    restart: async () => {
      await store.close();
      return openRedisStore({ url: server.url });
    },
    dispose: () => Promise.resolve(),
  };
});

describe('redis store', () => {
  beforeEach(async () => {
    await client.flushall();
  });

  it('keeps what it acknowledged when the server is killed, and comes back by itself', async function () {
    this.timeout(60_000);
    const dir = await mkdtemp(join(tmpdir(), 'truthloop-redis-kept-'));
    const first = await startRedis({ args: ['--dir', dir] });
    const store = await openRedisStore({ url: first.url });
    const acknowledged: string[] = [];
    const writes = Array.from({ length: 2000 }, async (_, index) => {
      const { id } = await store.recordPrediction(prediction(`p${index}`));
      if (acknowledged.push(id) === 200) first.process.kill();
    });
    const ended = await Promise.allSettled(writes);
    assert.ok(
      ended.some(({ status }) => status === 'rejected'),
      'killed in the midst of writes',
    );
    await first.stop();
    const again = await startRedis({ args: ['--dir', dir], port: first.port });
    await backInService(store);
    for (const id of acknowledged) assert.ok(await store.findPrediction(pid(id)), `${id} is lost`);
    const [arrivals] = await store.arrivals(NOON, NOON + 1);
    assert.equal(arrivals?.byPattern[0], (await store.candidates(NOON + 1)).length);
    await store.close();
    await again.stop();
    await rm(dir, { recursive: true });
  });

  it('two processes share one set of records', async () => {
    const [one, two] = await Promise.all([
      openRedisStore({ url: server.url }),
      openRedisStore({ url: server.url }),
    ]);
    const given = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 === 0 ? one : two).recordPrediction(
          prediction(`p${index}`, { externalId: `e${index >> 1}` }),
        ),
      ),
    );
    assert.equal(given.filter(({ outcome }) => outcome === 'recorded').length, 50);
    assert.equal((await one.candidates(NOON + 1)).length, 50);
    const fence = await takeLease(one, 'one');
    assert.equal(await two.acquireLease('sync', 'two', NOON, 1000), null);
    await one.setProjectId('random', 5, fence);
    assert.equal(await two.projectId('random'), 5);
    await Promise.all([one.close(), two.close()]);
  });

  it('a server that may lose what it acknowledged is refused, each setting named, unless told otherwise', async function () {
    this.timeout(30_000);
    const careless = await startRedis({
      args: ['--appendfsync', 'everysec', '--maxmemory-policy', 'allkeys-lru'],
    });
    await assert.rejects(openRedisStore({ url: careless.url }), (error: unknown) => {
      assert.ok(error instanceof StoreUnusable);
      assert.match(error.message, /appendfsync is everysec, expected always/);
      assert.match(error.message, /maxmemory-policy is allkeys-lru, expected noeviction/);
      assert.match(error.message, /REDIS_DURABILITY=warn/);
      return true;
    });
    const store = await openRedisStore({ url: careless.url, durability: 'warn' });
    await store.ping();
    await store.close();
    await careless.stop();
  });

  it('records of an older form are brought to the newest: their tasks are found by their content', async () => {
    const before = await openRedisStore({ url: server.url });
    const bench = { store: before, fence: await takeLease(before) };
    await pushTasks(bench, ['old'], { contentDigest: 'photo' });
    await pull(bench, 'old', [annotation(1, 'Rice')], agreed('Rice'));
    await before.close();
    const key = '{truthloop}:unit:["old"]';
    const { contentDigest, joinedTo, sharers, ...older } = JSON.parse(
      (await client.get(key)) ?? '',
    ) as Record<string, unknown>;
    assert.deepEqual([contentDigest, joinedTo, sharers], ['photo', null, []]);
    await client.set(key, JSON.stringify(older));
    await client.del('{truthloop}:content:["photo"]');
    await client.set('{truthloop}:form', '1');

    const store = await openRedisStore({ url: server.url });
    await store.recordPrediction(prediction('new', { contentDigest: 'photo' }));
    const fence = await takeLease(store);
    await commit({ store, fence }, await store.candidates(NOON + DAY), () => ({}), NOON, true);
    assert.deepEqual(await entriesOf(store), []);
    const units = await store.units(V1, 0, NOON + DAY, NOON);
    assert.deepEqual(
      units.map(({ outcome }) => outcome),
      [
        { state: 'labelled', shares: { Rice: 1 } },
        { state: 'labelled', shares: { Rice: 1 } },
      ],
    );
    await store.close();
  });

  it('histories that were kept whole keep what is drawn of them', async () => {
    const before = await openRedisStore({ url: server.url });
    const whole = { ...PAST, modelVersion: V1, window: '7d', predictions: 9 } as unknown;
    await before.saveEstimates([whole as AccuracyEstimate], await takeLease(before));
    await before.close();
    const key = `{truthloop}:estimates:["${V1}","7d"]`;
    await client.del(key);
    await client.zadd(key, NOON, JSON.stringify(whole));
    await client.set('{truthloop}:form', '2');

    const store = await openRedisStore({ url: server.url });
    assert.deepEqual(await store.estimateHistory(V1, '7d', 0, NOON + 1), [PAST]);
    await store.close();
  });

  it('records of a newer program are refused', async () => {
    await client.set('{truthloop}:form', '999');
    await assert.rejects(openRedisStore({ url: server.url }), (error: unknown) => {
      assert.ok(error instanceof StoreUnusable);
      assert.match(error.message, /newer program.*999/s);
      return true;
    });
  });

  it('a server that is away is told within two seconds, without its password, and is used again once it is back', async function () {
    this.timeout(60_000);
    const first = await startRedis();
    const store = await openRedisStore({ url: first.url });
    await first.stop();
    const began = performance.now();
    await assert.rejects(store.recordPrediction(prediction('a')), StoreUnavailable);
    assert.ok(performance.now() - began < 2000);
    const again = await startRedis({ port: first.port });
    await backInService(store);
    await store.recordPrediction(prediction('b'));
    await store.close();
    await again.stop();
    const refused = openRedisStore({ url: `redis://user:hidden-word@127.0.0.1:${first.port}` });
    await assert.rejects(refused, (error: unknown) => {
      assert.ok(error instanceof StoreUnavailable);
      assert.ok(!error.message.includes('hidden-word'));
      return true;
    });
  });

  it('a server that is silent is told within two seconds, for everything that a user waits for', async function () {
    this.timeout(60_000);
    const silent = await startRedis();
    const store = await openRedisStore({ url: silent.url });
    process.kill(silent.process.pid, 'SIGSTOP');
    const began = performance.now();
    const asked = await Promise.allSettled([
      store.recordPrediction(prediction('a')),
      store.currentPolicy(),
      store.findPrediction(pid('a')),
      store.findTask(pid('a')),
      store.latestEstimates(),
      store.outboxState(),
    ]);
    const ms = performance.now() - began;
    process.kill(silent.process.pid, 'SIGCONT');
    assert.ok(asked.every(({ status }) => status === 'rejected'));
    assert.ok(ms < 2000, `${ms} ms`);
    await store.close();
    await silent.stop();
  });

  it('a connection that went silent for good is given up, and the next one serves', async function () {
    this.timeout(60_000);
    const proxy = await startProxy(server.port);
    const store = await openRedisStore({ url: `redis://127.0.0.1:${proxy.port}` });
    proxy.poison({ kind: 'half_open' });
    proxy.heal();
    await assert.rejects(store.ping(), StoreUnavailable);
    await backInService(store);
    await store.close();
    await proxy.close();
  });

  it('every key lies in one slot of a cluster, and the store works on a cluster', async function () {
    this.timeout(60_000);
    const node = await startRedis({
      args: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
    });
    const admin = new Redis(node.url);
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    while (!String(await admin.call('CLUSTER', 'INFO')).includes('cluster_state:ok'))
      await new Promise((resolve) => setTimeout(resolve, 50));
    const store = await openRedisStore({ url: node.url });
    const bench = { store, fence: await takeLease(store) };
    await pushTasks(bench, ['a', 'b']);
    await pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup'));
    await store.erasePrediction(pid('b'), NOON);
    const keys = await admin.keys('*');
    assert.ok(keys.length > 10);
    for (const key of keys) assert.ok(key.startsWith('{truthloop}:'), key);
    await store.close();
    admin.disconnect();
    await node.stop();
  });

  it('keeps every reading of an annotation, and a tombstone for one that is gone', async () => {
    const store = await openRedisStore({ url: server.url });
    const bench = { store, fence: await takeLease(store) };
    await pushTasks(bench, ['a']);
    await pull(bench, 'a', [annotation(1, 'Soup')], agreed('Soup'));
    await pull(bench, 'a', [annotation(1, 'Rice')], agreed('Rice'));
    await pull(bench, 'a', [], { kind: 'pending' });
    const history = await client.lrange('{truthloop}:annotation-history:["a"]', 0, -1);
    assert.deepEqual(
      history.map(
        (line) =>
          (JSON.parse(line) as { annotation: { answer: { trueClass: string } } | null }).annotation
            ?.answer.trueClass ?? null,
      ),
      ['Soup', 'Rice', null],
    );
    await store.close();
  });
});

async function backInService(store: Store): Promise<void> {
  const until = performance.now() + 20_000;
  for (;;)
    try {
      await store.ping();
      return;
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable && performance.now() < until);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
}
