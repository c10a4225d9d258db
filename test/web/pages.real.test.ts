import assert from 'node:assert/strict';

import type { Page } from 'playwright-core';

import { startChromium, type StartedBrowser } from '../servers/chromium.ts';
import { axeViolations, openPage, type WatchedPage } from './browser-pages.ts';
import { estimate, unlabelled } from './estimates.ts';
import { photo } from './photos.ts';
import { startTestWeb, type TestWeb } from './start-test-web.ts';

const DAY_MS = 86_400_000;

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
    return id;
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
        await web.post(`/flag/${id}`);
        const paths = ['/', `/answers/${id}?thanks=flag`, '/accuracy', '/answers/nobody', '/label'];
        for (const path of [...paths, '/ops', '/ops?said=run']) {
          const { page } = await open(path, { width, colorScheme });
          if (path.includes('said')) await signIn(page);
          assert.deepEqual(await axeViolations(page), [], path);
          const overflow = await page.evaluate(
            'document.documentElement.scrollWidth - document.documentElement.clientWidth',
          );
          assert.equal(overflow, 0, `${path} is wider than the window`);
        }
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
