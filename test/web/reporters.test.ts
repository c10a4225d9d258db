import assert from 'node:assert/strict';

import { predictionId } from '../../src/domain/ids.ts';
import { photo } from './photos.ts';
import { INGEST, OPS, startTestWeb, type TestWeb } from './start-test-web.ts';

const bearer = (key: string): { Authorization: string } => ({ Authorization: `Bearer ${key}` });

describe('keys of reporting services', () => {
  let web: TestWeb;
  const report = (headers: Record<string, string>, changes: object = {}) =>
    web.post(
      '/api/predictions',
      { prediction: 'square', probability: 0.8, model_version: 'm', ...changes },
      headers,
    );
  const make = async (name: string): Promise<string> => {
    const response = await web.post('/api/keys', { name }, OPS);
    assert.equal(response.status, 201, await response.clone().text());
    return ((await response.json()) as { key: string }).key;
  };

  beforeEach(async () => {
    web = await startTestWeb({ options: { classifier: null } });
  });
  afterEach(() => web.stop());

  it('report until they are revoked, each by itself', async () => {
    const [app, shop] = [await make('app'), await make('shop')];
    assert.equal((await report(bearer(app))).status, 201);
    const revoked = await fetch(`${web.url}/api/keys/app`, { method: 'DELETE', headers: OPS });
    assert.equal(revoked.status, 204);
    assert.equal((await report(bearer(app))).status, 401);
    assert.equal((await report(bearer(shop))).status, 201);
    assert.equal((await report(INGEST)).status, 201);
  });

  it('of two services may use the same ids for different predictions', async () => {
    const ids = new Set<string>();
    for (const headers of [bearer(await make('app')), bearer(await make('shop')), INGEST])
      for (const status of [201, 200]) {
        const response = await report(headers, { external_id: '1' });
        assert.equal(response.status, status);
        ids.add(((await response.json()) as { id: string }).id);
      }
    assert.equal(ids.size, 3);
  });

  it('are shown once: the records hold a digest, the list names', async () => {
    const key = await make('app');
    assert.ok(!JSON.stringify(await web.store.reporters()).includes(key));
    const listed = await (await web.get('/api/keys', OPS)).text();
    assert.match(listed, /"name":"app"/);
    assert.ok(!listed.includes(key));
  });

  it('have a name of their own that an address can carry', async () => {
    await make('app');
    assert.equal((await web.post('/api/keys', { name: 'app' }, OPS)).status, 409);
    for (const name of ['', 'Ä', 'a b', '../x', 'x'.repeat(64)])
      assert.equal((await web.post('/api/keys', { name }, OPS)).status, 422, name);
    const unknown = await fetch(`${web.url}/api/keys/nobody`, { method: 'DELETE', headers: OPS });
    assert.equal(unknown.status, 404);
  });

  it('are made and revoked with the ops key alone', async () => {
    for (const headers of [{}, INGEST, bearer(await make('app'))]) {
      assert.equal((await web.post('/api/keys', { name: 'x' }, headers)).status, 401);
      assert.equal((await web.get('/api/keys', headers)).status, 401);
    }
  });

  it('a report may leave its image behind until it is asked for, by its own key', async () => {
    const [app, shop] = [await make('app'), await make('shop')];
    const reported = await report(bearer(app), { external_id: '7' });
    const { id } = (await reported.json()) as { id: string };
    const put = async (key: string) =>
      (
        await fetch(`${web.url}/api/predictions/${id}/image`, {
          method: 'PUT',
          headers: { ...bearer(key), 'Content-Type': 'image/jpeg' },
          body: new Uint8Array(await photo()),
        })
      ).status;
    const wanted = async (key: string): Promise<unknown> =>
      await (await web.get('/api/images/wanted', bearer(key))).json();
    assert.deepEqual(await wanted(app), { wanted: [] });
    assert.equal(await put(app), 409);
    await select(web, id);
    assert.deepEqual(await wanted(app), { wanted: [{ id, external_id: '7' }] });
    assert.deepEqual(await wanted(shop), { wanted: [] });
    assert.equal(await put(shop), 409);
    assert.deepEqual([await put(app), await put(app)], [204, 204]);
    assert.deepEqual(await wanted(app), { wanted: [] });
    const { objectKey } = (await web.store.findPrediction(predictionId(id)))!;
    assert.ok((await web.objects.get(objectKey)) !== null);
  });
});

async function select(web: TestWeb, id: string): Promise<void> {
  const fence = (await web.store.acquireLease('sync', 'test', web.time.now, 60_000))!;
  const batch = { id: 'b', decidedAt: web.time.now, tau: 1, floor: 0.4, budgetLeft: 9 };
  const decided = {
    predictionId: predictionId(id),
    decision: {
      ...{ batchId: 'b', decidedAt: web.time.now },
      ...{ pi: 1, q: 1, isSelected: true, isRandom: true },
    },
    reasons: ['random'] as const,
    ...{ isDisputed: false, isRevision: false, isNewlySelected: true },
  };
  await web.store.commitBatch({ ...batch, decisions: [decided] }, fence);
}
