import assert from 'node:assert/strict';

import { predictionId } from '../../src/domain/ids.ts';
import type { Fence } from '../../src/ports/store/fence.ts';
import { photo } from './photos.ts';
import { OPS, PAGE, startTestWeb, type TestWeb } from './start-test-web.ts';

const FORM = { ...PAGE, 'Content-Type': 'application/x-www-form-urlencoded' };
const HOUR_MS = 3_600_000;

describe('the ops page', () => {
  let web: TestWeb;
  const fromHere = (cookie: string) => ({ ...FORM, Cookie: cookie, Origin: web.url });
  const signIn = async (next = '/ops'): Promise<string> => {
    const response = await web.post(
      '/ops/session',
      `key=ops-key-of-the-test&next=${encodeURIComponent(next)}`,
      FORM,
    );
    assert.equal(response.status, 303);
    return response.headers.get('set-cookie')!.split(';')[0]!;
  };
  const page = async (headers: Record<string, string>): Promise<string> =>
    (await web.get('/ops', { ...PAGE, ...headers })).text();

  beforeEach(async () => {
    web = await startTestWeb();
  });
  afterEach(() => web.stop());

  async function deadEntry(): Promise<void> {
    const id = predictionId(await web.predict(await photo()));
    const fence = await lease();
    await web.store.enqueue(
      [
        {
          kind: 'delete_task',
          predictionId: id,
          project: 'random',
          reasons: [],
          createdAt: web.time.now,
          taskId: 7,
        },
      ],
      fence,
    );
    const [entry] = await web.store.dueEntries('delete_task', web.time.now, 1);
    await web.store.bury([entry!.id], 'refused with <403>', fence);
  }
  const lease = async (): Promise<Fence> =>
    (await web.store.acquireLease('sync', 'test', web.time.now, HOUR_MS))!;

  it('asks for the key, also on this machine, and tells nothing before', async () => {
    const html = await page({});
    assert.match(html, /name="key"/);
    assert.ok(!html.includes('Outbox'));
  });

  it('opens by key or by the cookie that was given for it, and by nothing made up', async () => {
    const cookie = await signIn();
    assert.match(await page({ Cookie: cookie }), /<h1>Operations<\/h1>/);
    assert.match(await page(OPS), /<h1>Operations<\/h1>/);
    const later = cookie.replace(/=(\d+)/, (_all, exp: string) => `=${Number(exp) + 1}`);
    for (const made of [
      later,
      cookie.slice(0, -2),
      'truthloop_ops=9999999999999.abc',
      'truthloop_ops=%',
    ])
      assert.match(await page({ Cookie: made }), /name="key"/);
  });

  it('keeps the cookie from scripts and other sites, and forgets it after 12 hours', async () => {
    const response = await web.post('/ops/session', 'key=ops-key-of-the-test', FORM);
    const cookie = response.headers.get('set-cookie')!;
    for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/', 'Max-Age=43200'])
      assert.ok(cookie.includes(attribute), attribute);
    web.time.now += 12 * HOUR_MS + 1;
    assert.match(await page({ Cookie: cookie.split(';')[0]! }), /name="key"/);
  });

  it('refuses a wrong key beside the field, and never leads to another site', async () => {
    const wrong = await web.post('/ops/session', 'key=guess', FORM);
    assert.equal(wrong.status, 401);
    assert.match(await wrong.text(), /This is not the ops key/);
    const led = await web.post(
      '/ops/session',
      'key=ops-key-of-the-test&next=https://evil.test',
      FORM,
    );
    assert.equal(led.headers.get('location'), '/ops');
  });

  it('says how each part is, in words', async () => {
    await web.store.saveRun({
      id: 'run-1',
      startedAt: web.time.now - 1000,
      finishedAt: web.time.now,
      trigger: 'schedule',
      result: 'failure',
      selected: 1,
      pushed: 2,
      pulled: 3,
      error: 'Label Studio <down>',
    });
    await web.server.stop();
    const html = await page(OPS);
    assert.match(html, /Records<\/strong> <span>well: can be written/);
    assert.match(html, /Classifier<\/strong> <span>needs attention: does not answer/);
    assert.match(html, /Sync<\/strong> <span>needs attention: failed the last time/);
    assert.match(html, /Label Studio &lt;down&gt;/);
    const second = new Date(web.time.now - 1000).toISOString().slice(11, 19);
    assert.ok(html.includes(second), 'runs of one minute are told apart');
    assert.match(html, /<dt>Waiting<\/dt><dd>0<\/dd>/);
    assert.match(html, /0 of 200 tasks selected/);
    assert.match(html, /signup\/\?token=invited/);
  });

  it('does not wait for a Label Studio that hangs', async () => {
    const other = await startTestWeb({
      options: {
        operations: {
          labelStudioUrl: 'http://localhost:8080',
          budgetPerDay: 200,
          inviteLink: () => new Promise(() => undefined),
          requestRun: null,
        },
      },
    });
    const html = await (await other.get('/ops', { ...PAGE, ...OPS })).text();
    assert.match(html, /Label Studio<\/strong> <span>needs attention: does not answer/);
    assert.ok(!html.includes('Run now'), 'no button that leads nowhere');
    await other.stop();
  });

  it('calls the outbox stuck when something waits for a quarter of an hour', async () => {
    const id = predictionId(await web.predict(await photo()));
    const entry = { kind: 'delete_task', predictionId: id, project: 'random' } as const;
    await web.store.enqueue(
      [{ ...entry, reasons: [], createdAt: web.time.now, taskId: 7 }],
      await lease(),
    );
    assert.match(await page(OPS), /Outbox<\/strong> <span>well/);
    web.time.now += 16 * 60_000;
    assert.match(await page(OPS), /Outbox<\/strong> <span>needs attention: stuck: waits since/);
  });

  it('shows dead entries with their reason and sends them again', async () => {
    await deadEntry();
    const cookie = await signIn();
    const shown = await page({ Cookie: cookie });
    assert.match(shown, /refused with &lt;403&gt;/);
    assert.match(shown, /Outbox<\/strong> <span>needs attention: one entry is dead/);
    const answer = await web.post('/ops/redrive', '', fromHere(cookie));
    assert.equal(answer.headers.get('location'), '/ops?said=redriven');
    assert.equal((await web.store.outboxState()).dead, 0);
    assert.equal((await web.store.outboxState()).pending, 1);
  });

  it('lets a run be asked for', async () => {
    const answer = await web.post('/ops/run', '', fromHere(await signIn()));
    assert.equal(answer.headers.get('location'), '/ops?said=run');
    assert.ok(web.counted.includes('run asked for'));
  });

  it('changes nothing for a stranger, for a foreign page, or for a bare cookie', async () => {
    await deadEntry();
    const cookie = await signIn();
    for (const [headers, status] of [
      [{}, 401],
      [{ Cookie: cookie }, 403],
      [{ Cookie: cookie, Origin: 'http://evil.test' }, 403],
      [{ Cookie: cookie, 'X-Forwarded-Host': 'evil.test', Origin: 'http://evil.test' }, 403],
    ] as const)
      for (const path of ['/ops/redrive', '/ops/run'])
        assert.equal((await web.post(path, '', headers)).status, status);
    assert.equal((await web.store.outboxState()).dead, 1);
    assert.ok(!web.counted.includes('run asked for'));
  });

  it('opens the accuracy too, from far away', async () => {
    const cookie = await signIn('/accuracy');
    const far = { 'X-Forwarded-For': '203.0.113.5', ...PAGE };
    assert.equal((await web.get('/accuracy', { ...far, Cookie: cookie })).status, 200);
    const denied = await web.get('/accuracy', far);
    assert.equal(denied.status, 401);
    assert.match(await denied.text(), /name="next" value="\/accuracy"/);
  });

  it('ends when the operator signs out', async () => {
    const response = await web.post('/ops/session/end', '', fromHere(await signIn()));
    assert.match(response.headers.get('set-cookie') ?? '', /truthloop_ops=;/);
  });
});
