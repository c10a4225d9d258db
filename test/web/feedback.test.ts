import assert from 'node:assert/strict';

import { predictionId } from '../../src/domain/ids.ts';
import { photo } from './photos.ts';
import { PAGE, startTestWeb, type TestWeb } from './start-test-web.ts';

const FORM = { ...PAGE, 'Content-Type': 'application/x-www-form-urlencoded' };

describe('feedback on an answer', () => {
  let web: TestWeb;
  let id: string;
  const said = async (): Promise<string[]> =>
    (await web.store.feedbackOf(predictionId(id))).map(({ kind, suggestedClass }) =>
      suggestedClass === null ? kind : `${kind} ${suggestedClass}`,
    );
  const status = async (response: Promise<Response>): Promise<number> => (await response).status;

  beforeEach(async () => {
    web = await startTestWeb();
    id = await web.predict(await photo());
  });
  afterEach(() => web.stop());

  it('takes a flag, a correction and a confirmation as JSON, and takes each back', async () => {
    assert.deepEqual(await (await web.post(`/flag/${id}`, {})).json(), { id, kind: 'flag' });
    await web.post(`/correct-label/${id}`, { corrected_class: 'square' });
    await web.post(`/confirm/${id}`);
    assert.deepEqual((await said()).sort(), ['confirmation', 'correction square', 'flag']);
    for (const route of ['flag', 'correct-label', 'confirm']) {
      const response = await fetch(`${web.url}/${route}/${id}`, { method: 'DELETE' });
      assert.equal(response.status, 200);
      assert.equal(((await response.json()) as { revoked: boolean }).revoked, true);
    }
    assert.deepEqual(await said(), []);
  });

  it('may be given twice and counts once', async () => {
    for (let time = 0; time < 2; time++) assert.equal(await status(web.post(`/flag/${id}`)), 200);
    assert.deepEqual(await said(), ['flag']);
    assert.equal(web.counted.filter((name) => name === 'truthloop_feedback_total flag').length, 1);
  });

  it('may be taken back twice', async () => {
    for (const revoked of [false, false]) {
      const response = await web.post(`/flag/${id}/undo`);
      assert.deepEqual(await response.json(), { id, kind: 'flag', revoked });
    }
  });

  it('counts a correction to the class that the model gave as a confirmation', async () => {
    const response = await web.post(`/correct-label/${id}`, { corrected_class: 'circle' });
    assert.deepEqual(await response.json(), { id, kind: 'confirmation' });
    assert.deepEqual(await said(), ['confirmation']);
    assert.equal((await web.store.findPrediction(predictionId(id)))?.isDisputed, false);
  });

  it('makes the prediction disputed for good, whatever is taken back later', async () => {
    await web.post(`/flag/${id}`);
    await web.post(`/flag/${id}/undo`);
    assert.equal((await web.store.findPrediction(predictionId(id)))?.isDisputed, true);
  });

  it('answers 404 for an unknown prediction and 422 for an unknown or missing class', async () => {
    for (const route of ['flag', 'confirm', 'flag/nobody/undo'])
      assert.equal(
        await status(web.post(route.includes('undo') ? `/${route}` : `/${route}/nobody`)),
        404,
      );
    assert.equal(
      await status(web.post('/correct-label/nobody', { corrected_class: 'square' })),
      404,
    );
    assert.equal(await status(web.post(`/correct-label/${id}`, { corrected_class: 'cat' })), 422);
    assert.equal(await status(web.post(`/correct-label/${id}`)), 422);
    assert.deepEqual(await said(), []);
  });

  it('works with plain forms: says what was said, thanks, and offers to take it back', async () => {
    const given = await web.post(
      `/correct-label/${id}`,
      'corrected_class=star+%26+%3Cmoon%3E',
      FORM,
    );
    assert.equal(given.status, 303);
    assert.deepEqual(await said(), ['correction star & <moon>']);
    const page = await (await web.get(given.headers.get('location')!, PAGE)).text();
    assert.match(page, /You said: it is really <strong>star &amp; &lt;moon&gt;<\/strong>/);
    assert.match(page, /role="status">Thank you\. /);
    assert.ok(!page.includes('This is wrong'), 'a correction says that already');
    const undo = await web.post(/action="(\/correct-label\/[^"]+undo)"/.exec(page)![1]!, '', FORM);
    assert.equal(undo.status, 303);
    assert.deepEqual(await said(), []);
    const after = await (await web.get(undo.headers.get('location')!, PAGE)).text();
    assert.match(after, /Taken back\./);
    assert.ok(!after.includes('You said'));
  });

  it('refuses an oversized or broken body without a fault of its own', async () => {
    assert.equal(
      await status(web.post(`/correct-label/${id}`, { corrected_class: 'x'.repeat(20_000) })),
      413,
    );
    assert.equal(
      await status(web.post(`/flag/${id}`, '{"a":', { 'Content-Type': 'application/json' })),
      400,
    );
  });
});
