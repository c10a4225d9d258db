import assert from 'node:assert/strict';
import path from 'node:path';

import { startChromium, type StartedBrowser } from '../servers/chromium.ts';
import type { LabelStudioServer } from '../servers/label-studio.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { openPage, type WatchedPage } from '../web/browser-pages.ts';
import { LabellingPage } from './labelling-page.ts';

const drawn = path.resolve(import.meta.dirname, '../golden/preprocessing');
const PHOTOS = ['egg', 'rice', 'noodles', 'wide', 'tall', 'grey', 'large', 'progressive'];
const PREFIX = 'E2E pages';
const WINDOW = '7d';

describe('the four kinds of people, in a real browser, with the real Label Studio', function () {
  this.timeout(240_000);

  let labelStudio: LabelStudioServer;
  let product: Product;
  let started: StartedBrowser;
  let visitor: WatchedPage;
  let operator: WatchedPage;
  let engineer: WatchedPage;
  let annotator: WatchedPage;
  let labelling: LabellingPage;
  let goodConfig: string;
  let rightTask: number;

  before(async () => {
    labelStudio = await sharedLabelStudio();
    product = await startProduct({
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_TOKEN: labelStudio.token,
      PROJECT_PREFIX: PREFIX,
      PUSH_DELAY_SECONDS: '0',
      // Everything into one project, so that one annotator meets it all in one sitting.
      SHARE_RANDOM: '1',
      SHARE_LOW_CONFIDENCE: '0',
      SHARE_DISPUTED: '0',
    });
    started = await startChromium();
    [visitor, operator, engineer, annotator] = (await Promise.all(
      Array.from({ length: 4 }, () => openPage(started.browser)),
    )) as [WatchedPage, WatchedPage, WatchedPage, WatchedPage];
    labelling = new LabellingPage(annotator.page);
    await product.sync();
  });
  after(async () => {
    await started.stop();
    await product.stop();
  });

  const open = ({ page }: WatchedPage, at: string): Promise<unknown> =>
    page.goto(product.webUrl + at);

  async function askLabelStudio(
    route: string,
    init: RequestInit = {},
  ): Promise<Record<string, unknown>> {
    const headers = {
      Authorization: `Token ${labelStudio.token}`,
      'Content-Type': 'application/json',
    };
    const answer = await fetch(labelStudio.url + route, { ...init, headers });
    assert.ok(answer.ok, `${route}: ${answer.status}`);
    return (await answer.json()) as Record<string, unknown>;
  }

  /** What somebody changes by hand in the project of the random sample. */
  async function changeLabelConfig(change: (config: string) => string): Promise<string> {
    const { results } = await askLabelStudio('/api/projects?page_size=100');
    const { id, label_config: before } = (results as Record<string, unknown>[]).find(
      ({ title }) => title === `${PREFIX} Random Sample`,
    )!;
    await askLabelStudio(`/api/projects/${String(id)}`, {
      method: 'PATCH',
      body: JSON.stringify({ label_config: change(String(before)) }),
    });
    return String(before);
  }

  const factOf = ({ page }: WatchedPage, name: string): Promise<string> =>
    page.locator('.facts div').filter({ hasText: name }).locator('dd').innerText();

  /** Presses "Run now" and looks until the outbox is as expected. */
  async function runUntil(fact: string, expected: RegExp): Promise<void> {
    const { page } = operator;
    await page.click('text=Run now');
    await page.waitForSelector('text=A run has been asked for');
    for (let look = 0; !expected.test(await factOf(operator, fact)); look += 1) {
      assert.ok(look < 100, `${fact} became ${await factOf(operator, fact)}`);
      await page.waitForTimeout(200);
      await open(operator, '/ops');
    }
  }

  it('a visitor uploads, confirms, flags, takes back and corrects', async () => {
    const { page } = visitor;
    const upload = async (name: string): Promise<void> => {
      await open(visitor, '/');
      await page.setInputFiles('#file', path.join(drawn, `${name}.jpg`));
      await page.waitForSelector('#preview:not([hidden])');
      await page.click('#send');
      await page.waitForURL('**/answers/*');
      assert.equal(await page.locator('.bars li').count(), 3);
    };
    const [confirmed = '', flagged = '', corrected = '', ...others] = PHOTOS;
    await upload(confirmed);
    await page.click('text=This is right');
    assert.match(await page.innerText('.thanks'), /Thank you/);
    await upload(flagged);
    await page.click('text=This is wrong');
    await page.click('text=Take it back');
    assert.match(await page.innerText('.thanks'), /Taken back/);
    await page.click('text=This is wrong');
    await upload(corrected);
    await page.selectOption('#corrected_class', 'Soup');
    await page.click('text=Send');
    assert.match(await page.innerText('#feedback'), /it is really Soup/);
    for (const name of others) await upload(name);
    await open(visitor, '/');
    assert.equal(await page.locator('#history-list a').count(), PHOTOS.length);
  });

  it('the operator finds what Label Studio refused, and sends it again', async () => {
    goodConfig = await changeLabelConfig((config) => config.replaceAll('$image', '$picture'));
    const { page } = operator;
    await open(operator, '/ops');
    await page.fill('#key', product.secret('OPS_KEY'));
    await page.click('text=Sign in');
    await runUntil('Dead', /^8$/);
    assert.match(await page.innerText('table:has-text("Why it failed")'), /picture/);
    await changeLabelConfig(() => goodConfig);
    await page
      .getByRole('button', { name: /^Try again: entry/ })
      .first()
      .click();
    await page.waitForSelector('text=Sent back to the outbox');
    await runUntil('Dead', /^7$/);
    await page.click('text=Try all again');
    await page.waitForSelector('text=Sent back to the outbox');
    await runUntil('Random Sample', /^8 without an answer$/);
    assert.equal(await factOf(operator, 'Dead'), '0');
    assert.match(await factOf(operator, 'Waiting'), /^0/);
  });

  it('the engineer reads that it is too early, before anybody labelled', async () => {
    await open(engineer, '/accuracy');
    assert.match(await engineer.page.innerText('.lead'), /Too early to tell/);
  });

  it('an annotator joins by the invite link and labels by keyboard: skips one, finds no class in one', async () => {
    const invite = await operator.page.locator('a[href*="signup"]').getAttribute('href');
    await labelling.join(invite!, 'annotator@pages.example.com');
    await open(annotator, '/label');
    assert.match(await annotator.page.innerText('.lead'), /8 photos are left to label/);
    const instructions = await labelling.begin(() => annotator.page.click('a[href="/label/next"]'));
    assert.match(instructions, /Ctrl\+Enter submits/);
    assert.equal(await labelling.keyOf('Vegetable/Fruit'), 'q', 'the eleventh class has a key too');
    await labelling.answer('None of these');
    for (let task = 0; task < 5; task += 1) {
      assert.deepEqual(Object.keys(labelling.task.data).sort(), ['image', 'prediction_id']);
      rightTask = labelling.task.id;
      await labelling.answer(await predictedClass());
    }
    await labelling.skip();
    await product.sync();
    await open(visitor, '/label');
    assert.match(await visitor.page.innerText('.lead'), /One photo is left/);
  });

  async function predictedClass(): Promise<string> {
    const id = String(labelling.task.data['prediction_id']);
    const answer = await fetch(`${product.webUrl}/api/predictions/${id}`, {
      headers: { Authorization: `Bearer ${product.secret('OPS_KEY')}` },
    });
    return String(((await answer.json()) as Record<string, unknown>)['prediction']);
  }

  it('the engineer sees the accuracy, and sees it change when an answer is edited; the metrics agree', async () => {
    const before = await shownAccuracy();
    assert.equal(before, await exposedAccuracy());
    assert.match(await engineer.page.innerText('.lead'), /from 6 labels/);
    await labelling.edit(rightTask, 'None of these');
    await product.sync();
    const after = await shownAccuracy();
    assert.ok(Number.parseFloat(after) < Number.parseFloat(before), `${before}, then ${after}`);
    assert.equal(after, await exposedAccuracy());
  });

  async function shownAccuracy(): Promise<string> {
    await open(engineer, '/accuracy');
    const row = engineer.page.locator('tr').filter({ hasText: 'the last 7 days' });
    return (await row.locator('td').first().innerText()).replace(/\s/g, ' ');
  }

  async function exposedAccuracy(): Promise<string> {
    const text = await (await fetch(`${product.syncUrl}/metrics`)).text();
    const line = text
      .split('\n')
      .find((one) => one.startsWith('truthloop_accuracy_ratio{') && one.includes(`"${WINDOW}"`));
    return `${(Number(line?.split(' ').at(-1)) * 100).toFixed(1)} %`;
  }

  it('no page of ours made the console complain', () => {
    // Reports of the content security policy are among them.
    const complaints = [visitor, operator, engineer].flatMap((one) => one.complaints);
    assert.deepEqual(complaints, []);
  });
});
