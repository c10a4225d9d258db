import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import type { Browser, Page } from 'playwright-core';
import sharp from 'sharp';

import { LabellingPage } from '../test/e2e/labelling-page.ts';
import { peopleOf } from '../test/fakes/label-studio-people.ts';
import { startChromium } from '../test/servers/chromium.ts';
import { type LabelStudioServer, startLabelStudio } from '../test/servers/label-studio.ts';
import { type Product, startProduct } from '../test/servers/product.ts';
import { runCommand } from './records/run-command.ts';

const root = path.resolve(import.meta.dirname, '..');
const drawn = path.join(root, 'test/golden/preprocessing');
const images = path.join(root, 'docs/images');
const HELP = `npm run screenshots

Makes docs/images/ as the pages look today, with drawn pictures and made-up answers, from a real Label Studio and Chromium
(scripts/install-test-servers.sh installs them). Takes some minutes. What it starts it ends, also on Ctrl-C.
`;
const PHOTOS = ['rice.jpg', 'egg.jpg', 'noodles.jpg', 'wide.jpg', 'tall.jpg', 'large.jpg'];
const REPORTS = 160;
const HOUR_MS = 3_600_000;

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

interface ListedTask {
  readonly id: number;
  readonly data: { readonly prediction_id: string };
}

/** A week of predictions of a model that is right four times out of five. @returns prediction id -> true class */
async function reportPredictions(started: Product): Promise<Map<string, string>> {
  const { webUrl } = started;
  const { classes } = JSON.parse(
    readFileSync(path.join(root, 'models/food11/model.json'), 'utf8'),
  ) as { classes: string[] };
  const photos = PHOTOS.map((name) => readFileSync(path.join(drawn, name)).toString('base64'));
  const truth = new Map<string, string>();
  for (let index = 0; index < REPORTS; index += 1) {
    const trueClass = classes[index % classes.length] ?? '';
    const isRight = (index * 7919) % 100 < 81;
    const prediction = isRight ? trueClass : (classes[(index + 3) % classes.length] ?? '');
    const answer = await fetch(`${webUrl}/api/predictions`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${started.secret('INGEST_KEY')}`,
      },
      body: JSON.stringify({
        image: photos[index % photos.length],
        prediction,
        probability: isRight ? 0.75 + (index % 25) / 100 : 0.35 + (index % 50) / 100,
        model_version: 'food11-demo',
        time: new Date(Date.now() - (REPORTS - index) * HOUR_MS).toISOString(),
      }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    truth.set(((await answer.json()) as { id: string }).id, trueClass);
  }
  return truth;
}

async function ask(server: LabelStudioServer, route: string): Promise<unknown> {
  const headers = { Authorization: `Token ${server.token}` };
  return (await fetch(server.url + route, { headers })).json();
}

async function projects(server: LabelStudioServer): Promise<{ id: number; title: string }[]> {
  const { results } = (await ask(server, '/api/projects?page_size=10')) as {
    results: { id: number; title: string }[];
  };
  return results;
}

/** Answers everything but a few tasks of each project. */
async function labelAll(
  server: LabelStudioServer,
  truth: ReadonlyMap<string, string>,
): Promise<void> {
  const people = peopleOf(server.url, server.token);
  for (const { id } of await projects(server)) {
    const { tasks } = (await ask(server, `/api/tasks?project=${id}&page_size=500&fields=all`)) as {
      tasks: ListedTask[];
    };
    for (const task of tasks.slice(0, -4)) {
      const trueClass = truth.get(task.data.prediction_id);
      if (trueClass !== undefined) await people.annotate(task.id, [trueClass]);
    }
  }
}

async function shoot(page: Page, name: string, fullPage = false): Promise<void> {
  // Pictures further down would wait until somebody scrolls there.
  await page.evaluate('for (const one of document.images) one.loading = "eager"');
  await page.waitForLoadState('networkidle');
  await sharp(await page.screenshot({ fullPage }))
    .png({ palette: true, effort: 10 })
    .toFile(path.join(images, `${name}.png`));
}

async function pictureOfPages(chromium: Browser, started: Product): Promise<void> {
  const { webUrl } = started;
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await chromium.newPage({ colorScheme, viewport: { width: 1000, height: 760 } });
    const suffix = colorScheme === 'dark' ? '-dark' : '';
    await page.goto(webUrl);
    await shoot(page, `upload${suffix}`, true);
    await page.setInputFiles('#file', path.join(drawn, 'egg.jpg'));
    await page.click('#send');
    await page.waitForURL('**/answers/*');
    await shoot(page, `answer${suffix}`, true);
    await page.goto(`${webUrl}/label`);
    await shoot(page, `label${suffix}`, true);
    await page.setViewportSize({ width: 1200, height: 760 });
    await page.goto(`${webUrl}/accuracy`);
    await shoot(page, `accuracy${suffix}`, true);
    await page.goto(`${webUrl}/ops`);
    await page.fill('#key', started.secret('OPS_KEY'));
    await page.click('text=Sign in');
    await page.waitForSelector('#runs-title');
    await shoot(page, `ops${suffix}`, true);
    await page.close();
  }
}

async function pictureOfTask(chromium: Browser, server: LabelStudioServer): Promise<void> {
  const page = await chromium.newPage({ viewport: { width: 1280, height: 860 } });
  await page.goto(`${server.url}/user/login/`);
  await page.fill('input[name=email]', server.username);
  await page.fill('input[name=password]', server.password);
  await page.keyboard.press('Enter');
  await page.waitForURL((url) => !url.pathname.startsWith('/user/login'));
  const random = (await projects(server)).find(({ title }) => title.endsWith('Random Sample'));
  // The instructions lie over a first task until they are closed.
  await new LabellingPage(page).begin(async () => {
    await page.goto(`${server.url}/projects/${random?.id ?? 1}/data?labeling=1`);
  });
  await shoot(page, 'task');
  await page.close();
}

/** What was started, newest first. */
const ends: (() => Promise<void>)[] = [];
const started = async <T>(what: Promise<T>, end: (it: T) => Promise<void>): Promise<T> => {
  const it = await what;
  ends.unshift(() => end(it));
  return it;
};
const endAll = async (): Promise<void> => {
  for (const end of ends.splice(0)) await end();
};

async function takeScreenshots(): Promise<void> {
  say('starting Label Studio and the program (a minute or two)');
  const labelStudio = await started(startLabelStudio(), (server) => server.stop());
  const settings = {
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_TOKEN: labelStudio.token,
    PUSH_DELAY_SECONDS: '0',
  };
  const product = await started(startProduct(settings), (server) => server.stop());
  const { browser } = await started(startChromium(), ({ stop }) => stop());
  mkdirSync(images, { recursive: true });
  say('reporting and labelling made-up predictions');
  const truth = await reportPredictions(product);
  await product.sync();
  await labelAll(labelStudio, truth);
  await product.sync();
  say('taking pictures');
  await pictureOfPages(browser, product);
  await pictureOfTask(browser, labelStudio);
  say(`done: ${path.relative(root, images)}`);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void endAll().finally(() => process.exit(1)));
await runCommand(HELP, () => takeScreenshots().finally(endAll));
