import assert from 'node:assert/strict';

import { StoreUnavailable } from '../../src/domain/errors.ts';
import type { Store } from '../../src/ports/store.ts';
import { photo } from './photos.ts';
import { INGEST, PAGE, startTestWeb, SURE, type TestWeb } from './start-test-web.ts';

const DAY = 86_400_000;
const KEY = { 'Idempotency-Key': 'e5b3c0de-0001' };

/**
 * What an Idempotency-Key promises, with several web processes over the same records.
 * @param openStores one store for each process; the same one where only one may be open
 */
export function describeIdempotency(
  name: string,
  openStores: (() => Promise<readonly [Store, Store]>) | null,
): void {
  describe(`a request with an Idempotency-Key: ${name}`, function () {
    this.timeout(60_000);
    let webs: readonly [TestWeb, TestWeb];
    let store: Store;

    beforeEach(async () => {
      const stores = (await openStores?.()) ?? null;
      const first = await startTestWeb(stores === null ? {} : { options: { store: stores[0] } });
      const other = { store: stores?.[1] ?? first.store, objects: first.objects };
      webs = [first, await startTestWeb({ options: other })];
      store = stores?.[0] ?? first.store;
    });
    afterEach(async () => {
      await webs[1].stop();
      await webs[0].stop();
    });

    const asked = (): number => webs[0].server.asked.length + webs[1].server.asked.length;
    const recorded = async (): Promise<number> =>
      (await store.candidates(Number.MAX_SAFE_INTEGER)).length;
    const upload = (bytes: Buffer, headers = {}, web = 0): Promise<Response> =>
      (webs[web] as TestWeb).upload(bytes, { ...KEY, ...headers });

    it('fifty at once over two processes: one inference, one record, one answer byte for byte', async () => {
      const bytes = await photo();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => upload(bytes, {}, index % 2)),
      );
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
      const bodies = new Set(await Promise.all(answers.map((answer) => answer.text())));
      assert.equal(bodies.size, 1);
      assert.equal(asked(), 1);
      assert.equal(await recorded(), 1);
      const replayed = answers.filter((answer) => answer.headers.get('idempotent-replayed'));
      assert.equal(replayed.length, 49);
      const types = new Set(answers.map((answer) => answer.headers.get('content-type')));
      assert.deepEqual([...types], ['application/json; charset=utf-8']);
    });

    it('another photo, or other words beside it, under the same key is 422; under another it is a new one', async () => {
      const bytes = await photo(10);
      assert.equal((await upload(bytes)).status, 200);
      const other = await upload(await photo(200));
      assert.equal(other.status, 422);
      assert.match(await other.text(), /was used for another request/);
      assert.equal((await upload(bytes, { 'Idempotency-Key': 'another' })).status, 200);
      assert.equal((await webs[0].upload(bytes)).status, 200);
      assert.equal(await recorded(), 3);
    });

    it('what failed is not kept: it can be tried again, or corrected, under the same key', async () => {
      for (const web of webs) web.server.answerWith({ status: 503, body: {} });
      assert.equal((await upload(await photo())).status, 503);
      for (const web of webs) web.server.answerWith({ status: 200, body: SURE });
      assert.equal((await upload(Buffer.from('no photo'))).status, 415);
      assert.equal((await upload(await photo())).status, 200);
      assert.equal(await recorded(), 1);
    });

    it('a process that died after the record leaves its prediction to the next try', async () => {
      const saveAnswer = store.saveAnswer.bind(store);
      const bytes = await photo();
      Object.assign(store, {
        saveAnswer: () => Promise.reject(new StoreUnavailable('the process died here')),
      });
      assert.equal((await upload(bytes)).status, 503);
      Object.assign(store, { saveAnswer });
      assert.equal(await recorded(), 1);
      for (const web of webs) web.time.now += 60_000;
      const again = await upload(bytes);
      assert.equal(again.status, 200);
      const { id, image_url: link } = (await again.json()) as { id: string; image_url: string };
      const [candidate] = await store.candidates(Number.MAX_SAFE_INTEGER);
      assert.equal(candidate?.predictionId, id);
      assert.equal(await recorded(), 1);
      const picture = await webs[0].get(link.slice('http://truthloop.test'.length));
      assert.equal(picture.status, 200, 'its image is there');
    });

    it('is kept for 24 hours', async () => {
      const bytes = await photo();
      const first = await (await upload(bytes)).text();
      for (const web of webs) web.time.now += DAY - 1;
      assert.equal(await (await upload(bytes)).text(), first);
      for (const web of webs) web.time.now += 1;
      assert.notEqual(await (await upload(bytes)).text(), first);
    });

    it('holds for pages, reports and feedback too', async () => {
      const bytes = await photo();
      const pages = [await upload(bytes, PAGE), await upload(bytes, PAGE, 1)];
      assert.deepEqual([...new Set(pages.map(({ status }) => status))], [303]);
      assert.equal(new Set(pages.map(({ headers }) => headers.get('location'))).size, 1);
      const report = {
        ...{ image: bytes.toString('base64'), prediction: 'circle', probability: 0.7 },
        model_version: 'theirs',
      };
      const reports = await Promise.all(
        webs.map((web) => web.post('/api/predictions', report, { ...INGEST, ...KEY })),
      );
      assert.deepEqual(
        reports.map(({ status }) => status),
        [201, 201],
      );
      assert.equal(new Set(await Promise.all(reports.map((one) => one.text()))).size, 1);
      const id = pages[0]?.headers.get('location')?.slice('/answers/'.length) ?? '';
      const correct = (word: string): Promise<Response> =>
        webs[0].post(`/correct-label/${id}`, { corrected_class: word }, KEY);
      const said = [await correct('square'), await correct('square')];
      assert.equal(new Set(await Promise.all(said.map((one) => one.text()))).size, 1);
      assert.equal((await correct('circle')).status, 422);
      assert.equal(await recorded(), 2);
    });

    it('a key that is none is refused before anything is done', async () => {
      for (const key of ['', 'x'.repeat(256), 'tab\tin it'])
        assert.equal((await upload(await photo(), { 'Idempotency-Key': key })).status, 422, key);
      assert.equal(await recorded(), 0);
    });
  });
}
