import assert from 'node:assert/strict';

import type { Page } from 'playwright-core';

import { modelVersion, predictionId } from '../../src/domain/ids.ts';
import { runClassifier } from '../classifier/running-classifier.ts';
import { startChromium, type StartedBrowser } from '../servers/chromium.ts';
import { axeViolations, openPage, type WatchedPage } from './browser-pages.ts';
import { estimate, unlabelled } from './estimates.ts';
import { makeTasks } from './make-tasks.ts';
import { photo } from './photos.ts';
import { INGEST, startTestWeb, type TestWeb } from './start-test-web.ts';

const DAY_MS = 86_400_000;
const OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
const OPEN_ALL = 'for (const one of document.querySelectorAll("details")) one.open = true';
/** Numbers what the keyboard should reach, in the order of the document. @returns how many */
const NUMBER_FOCUSABLES = `[...document.querySelectorAll('a[href], button, select, input, summary, [tabindex="0"]')]
  .filter((one) => one.type !== 'hidden' && one.checkVisibility())
  .map((one, index) => (one.dataset.order = index)).length`;

describe('the pages in a real browser', function () {
  this.timeout(240_000);
  let started: StartedBrowser;
  let web: TestWeb;
  let opened: WatchedPage[];

  before(async () => {
    started = await startChromium();
  });
  after(() => started.stop());
  beforeEach(async () => {
    opened = [];
    web = await startTestWeb();
  });
  afterEach(async () => {
    for (const one of opened) await one.close();
    await web.stop();
  });

  async function open(
    path: string,
    options: Parameters<typeof openPage>[1] = {},
  ): Promise<WatchedPage> {
    const one = await openPage(started.browser, options);
    opened.push(one);
    await one.page.goto(web.url + path);
    return one;
  }

  async function withHistory(): Promise<string> {
    const { now } = web.time;
    web.time.now = now - 3 * DAY_MS;
    const id = await web.predict(await photo());
    web.time.now = now;
    const fence = (await web.store.acquireLease('sync', 'test', now, DAY_MS))!;
    for (let hour = 70; hour >= 0; hour -= 5) {
      const asOf = now - hour * 3_600_000;
      await web.store.saveEstimates([estimate({ asOf, to: asOf })], fence);
    }
    await web.store.saveEstimates([unlabelled({ window: '1h' })], fence);
    await web.post(
      '/api/predictions',
      {
        ...{ image: (await photo()).toString('base64'), prediction: 'circle', probability: 0.7 },
        ...{ model_version: 'shapes-0', time: new Date(now - 7 * DAY_MS).toISOString() },
      },
      INGEST,
    );
    await web.store.saveEstimates(
      [estimate({ modelVersion: modelVersion('shapes-0'), accuracy: 0.7, lower: 0.6, upper: 0.8 })],
      fence,
    );
    return id;
  }

  /** Projects with something to label, and a dead entry. */
  async function makeWork(): Promise<void> {
    await makeTasks(web, 'random', 2);
    const { now } = web.time;
    const fence = (await web.store.acquireLease('sync', 'test', now, DAY_MS))!;
    await web.store.setProjectId('random', 11, fence);
    const entry = { project: 'random', reasons: [], createdAt: now, taskId: 7 } as const;
    const id = predictionId(await web.predict(await photo()));
    await web.store.enqueue([{ ...entry, kind: 'delete_task', predictionId: id }], fence);
    const [due] = await web.store.dueEntries('delete_task', now, 1);
    await web.store.bury([due!.id], 'refused with 403', fence);
  }

  const chooseFile = async (page: Page, buffer: Buffer): Promise<void> => {
    await page.setInputFiles('#file', { name: 'a.jpg', mimeType: 'image/jpeg', buffer });
  };

  async function signIn(page: Page): Promise<void> {
    await page.fill('#key', 'ops-key-of-the-test');
    await page.click('text=Sign in');
    await page.waitForSelector('text=Last runs of the sync');
  }

  for (const colorScheme of ['light', 'dark'] as const)
    for (const width of [360, 1280])
      it(`give axe nothing to complain about, ${colorScheme}, ${width} pixels wide, and never scroll sideways`, async () => {
        const id = await withHistory();
        const { page } = await open('/', { width, colorScheme });
        const look = async (what: string): Promise<void> => {
          assert.deepEqual(await axeViolations(page), [], what);
          assert.equal(await page.evaluate(OVERFLOW), 0, `${what} is wider than the window`);
        };
        const go = async (path: string): Promise<void> => {
          await page.goto(web.url + path);
          await page.evaluate(OPEN_ALL);
          await look(path);
        };
        await look('/');
        await page.click('#send');
        await look('a fault beside the field');
        for (const path of [
          `/answers/${id}`,
          '/accuracy',
          '/accuracy?window=1h',
          '/answers/nobody',
          '/docs',
          '/label',
        ])
          await go(path);
        await page.goto(`${web.url}/answers/${id}`);
        for (const said of ['This is right', 'Take it back', 'This is wrong', 'Take it back']) {
          await page.click(`text=${said}`);
          await look(`after "${said}"`);
        }
        await page.goto(`${web.url}/`);
        await page.click('text=Leaf');
        await look('the answer to a sample');
        await makeWork();
        await go('/label');
        await go('/ops');
        await page.fill('#key', 'guess');
        await page.click('text=Sign in');
        await look('a wrong key');
        await signIn(page);
        await look('/ops, signed in');
        await page.click('text=Run now');
        await look('/ops, after a change');
      });

  it('show text that stands out enough from what is behind it, as far as axe can tell: it looked at plenty', async () => {
    await withHistory();
    const { page } = await open('/accuracy', { colorScheme: 'dark' });
    await axeViolations(page);
    const looked = await page.evaluate(
      `axe.run(document, { runOnly: ['color-contrast'] }).then(({ passes }) => passes[0]?.nodes.length ?? 0)`,
    );
    assert.ok(Number(looked) > 20, `${String(looked)} texts`);
  });

  it('are read by axe on the classifier too', async () => {
    const classifier = await runClassifier();
    try {
      for (const colorScheme of ['light', 'dark'] as const)
        for (const width of [360, 1280]) {
          const { page, complaints } = await open('/', { width, colorScheme });
          await page.goto(`${classifier.url}/docs`);
          assert.deepEqual(await axeViolations(page), [], `/docs, ${colorScheme}, ${width}`);
          assert.equal(await page.evaluate(OVERFLOW), 0, '/docs is wider than the window');
          assert.deepEqual(complaints, []);
        }
    } finally {
      await classifier.stop();
    }
  });

  it('take the keyboard through everything in reading order, and show where it is', async () => {
    const id = await withHistory();
    await makeWork();
    const { page } = await open('/ops');
    await signIn(page);
    for (const path of ['/ops', '/', `/answers/${id}`, '/accuracy', '/label']) {
      await page.goto(web.url + path);
      const count = Number(await page.evaluate(NUMBER_FOCUSABLES));
      assert.ok(count > 5, path);
      for (let index = 0; index < count; index += 1) {
        await page.keyboard.press('Tab');
        const [at, outline] = await page.evaluate<[string, string]>(
          '[document.activeElement.dataset.order, getComputedStyle(document.activeElement).outlineStyle]',
        );
        assert.deepEqual([at, outline === 'none'], [String(index), false], path);
      }
    }
  });

  it('lead to what was said after feedback, for eyes and screen readers alike', async () => {
    const id = await withHistory();
    const { page } = await open(`/answers/${id}`);
    await page.click('text=This is wrong');
    await page.waitForURL('**#feedback');
    assert.equal(await page.evaluate('document.activeElement.id'), 'feedback');
    assert.match(await page.innerText('[role=status]'), /likelier that a person looks/);
  });

  it('are printed without what only a screen needs, and with the tables that stand beside the charts', async () => {
    await withHistory();
    const { page } = await open('/accuracy');
    const table = page.locator('figure.chart details table');
    assert.equal(await table.isVisible(), false);
    await page.emulateMedia({ media: 'print' });
    assert.equal(await table.isVisible(), true);
    assert.equal(await page.locator('nav').isVisible(), false);
    assert.ok((await page.pdf({ format: 'A4' })).length > 10_000);
  });

  it('show a preview at once, send the photo, and show the answer, with a silent console', async () => {
    const { page, complaints } = await open('/');
    await chooseFile(page, await photo());
    await page.waitForSelector('#preview:not([hidden])');
    await page.click('#send');
    await page.waitForURL('**/answers/*');
    assert.match(await page.innerText('h1'), /This looks like circle/);
    await page.waitForFunction('document.querySelector("#photo").naturalWidth > 0');
    await page.click('text=Try another photo');
    await page.waitForSelector('#history-list a');
    assert.match(await page.innerText('#history-list'), /circle/);
    assert.deepEqual(complaints, []);
  });

  it('shrink a big photo before it travels', async () => {
    const big = await photo(90, 900, 900);
    const padded = Buffer.concat([big, Buffer.alloc(2_000_000)]);
    const { page, complaints } = await open('/');
    await chooseFile(page, padded);
    await page.click('#send');
    await page.waitForURL('**/answers/*');
    assert.deepEqual(complaints, []);
  });

  it('say beside the field what is wrong, and take another photo then', async () => {
    const { page } = await open('/');
    await page.click('#send');
    assert.match(await page.innerText('#problem'), /Choose a photo first/);
    await chooseFile(page, Buffer.from('text'));
    await page.click('#send');
    await page.waitForFunction('document.querySelector("#problem").textContent.includes("JPEG")');
    await chooseFile(page, await photo());
    await page.click('#send');
    await page.waitForURL('**/answers/*');
  });

  it('work without JavaScript: upload, confirm, flag, correct, take back, samples, accuracy', async () => {
    const { page } = await open('/', { javaScriptEnabled: false });
    await chooseFile(page, await photo());
    await page.click('#send');
    await page.waitForURL('**/answers/*');
    await page.click('text=This is right');
    await page.click('text=Take it back');
    assert.match(await page.innerText('.thanks'), /Taken back/);
    await page.click('text=This is wrong');
    assert.match(await page.innerText('.said'), /You said: this is wrong/);
    await page.selectOption('#corrected_class', 'square');
    await page.click('text=Send');
    assert.match(await page.innerText('#feedback'), /it is really square/);
    await page.goto(`${web.url}/`);
    await page.click('text=Leaf');
    assert.match(await page.innerText('h1'), /This looks like circle/);
    await page.click('text=Accuracy');
    assert.match(await page.innerText('h1'), /How often/);
  });

  it('can be used by keyboard alone: skip link first, then everything in reading order', async () => {
    const { page } = await open('/');
    const focused: string[] = [];
    for (let step = 0; step < 9; step++) {
      await page.keyboard.press('Tab');
      focused.push(
        String(
          await page.evaluate('document.activeElement.id || document.activeElement.innerText'),
        ),
      );
    }
    assert.deepEqual(
      focused.map((one) => one.trim().split('\n')[0]),
      [
        'Skip to the content',
        'Truthloop',
        'Try a photo',
        'Accuracy',
        'Label',
        'Operations',
        'file',
        'segment',
        'send',
      ],
    );
    const outline = await page.evaluate(
      'getComputedStyle(document.activeElement).outlineStyle !== "none"',
    );
    assert.equal(outline, true, 'the focus can be seen');
  });

  it('let the operator sign in, ask for a run and sign out, with a silent console', async () => {
    const { page, complaints } = await open('/ops', { javaScriptEnabled: false });
    await signIn(page);
    await page.click('text=Run now');
    assert.match(await page.innerText('.thanks'), /A run has been asked for/);
    await page.click('text=Sign out');
    await page.goto(`${web.url}/ops`);
    assert.equal(await page.locator('#key').count(), 1);
    assert.deepEqual(complaints, []);
  });

  it('weigh under 60 kB until an answer is asked for', async () => {
    const { page } = await open('/livez');
    let bytes = 0;
    page.on('response', (response) => {
      void response.body().then((body) => (bytes += body.length));
    });
    await page.goto(`${web.url}/`, { waitUntil: 'networkidle' });
    assert.ok(bytes > 5000 && bytes < 60_000, `${bytes} bytes`);
  });

  it('show the chart with a table beside it, and the details of another window on request', async () => {
    await withHistory();
    const { page, complaints } = await open('/accuracy');
    assert.equal(await page.locator('.chart svg[role=img]').count(), 2);
    assert.ok((await page.locator('.estimate-point').count()) > 5);
    await page.click('text=The same as a table');
    assert.match(await page.innerText('figure table'), /82\.0/);
    await page.click('th a:has-text("the last hour")');
    assert.match(await page.innerText('#details'), /the last hour/);
    assert.match(await page.innerText('#details'), /at least 5 labels/);
    assert.deepEqual(complaints, []);
  });
});
