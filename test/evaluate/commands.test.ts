import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import sharp from 'sharp';

import { type FakeLabelStudio, startFakeLabelStudio } from '../fakes/label-studio.ts';
import { DEMO_MODEL, demoModel } from '../servers/demo-model.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { labelTasks } from '../support/label-tasks.ts';
import { runScript } from '../support/run-script.ts';

const PREFIX = 'Candidates';
const PHOTOS = 12;

type Said = Awaited<ReturnType<typeof runScript>>;

describe('npm run evaluate and npm run refit, beside a service that reports its predictions', function () {
  this.timeout(120_000);
  let folder: string;
  let fake: FakeLabelStudio;
  let product: Product;
  let env: Record<string, string>;

  before(async function () {
    this.timeout(300_000);
    await demoModel();
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-candidates-'));
    fake = await startFakeLabelStudio();
    const classesFile = path.join(folder, 'classes.txt');
    writeFileSync(classesFile, 'Soup\nRice\nPlate');
    env = {
      DATA_DIR: path.join(folder, 'data'),
      ROLES: 'web,sync',
      CLASSES_FILE: classesFile,
      LABEL_STUDIO_URL: fake.url,
      LABEL_STUDIO_TOKEN: fake.token,
      PROJECT_PREFIX: PREFIX,
      PUSH_DELAY_SECONDS: '0',
    };
    product = await startProduct(env);
  });
  after(async () => {
    await product.stop();
    await fake.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const evaluate = (...args: string[]): Promise<Said> => runScript('evaluate.ts', args, env);
  const refit = (...args: string[]): Promise<Said> => runScript('refit.ts', args, env);
  const at = (name: string): string => path.join(folder, name);

  /** Ends as a fault of what was typed: told in words, without a stack. */
  function assertTold({ code, stderr }: Said, words: RegExp): void {
    assert.match(stderr, words);
    assert.equal(code, 2, stderr);
    assert.doesNotMatch(stderr, /\n +at /);
  }

  async function report(shade: number): Promise<void> {
    const background = { r: 20 * shade, g: 255 - 20 * shade, b: 90 };
    const picture = sharp({ create: { width: 64, height: 64, channels: 3, background } });
    const answer = await fetch(`${product.webUrl}/api/predictions`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${product.secret('INGEST_KEY')}`,
      },
      body: JSON.stringify({
        image: (await picture.jpeg().toBuffer()).toString('base64'),
        ...{ prediction: 'Plate', probability: 0.8, model_version: 'plates-3' },
      }),
    });
    assert.ok(answer.ok, await answer.clone().text());
  }

  /** The demonstration model with other names for its classes. */
  function renamed(name: string, rename: (className: string) => string): string {
    const made = at(name);
    cpSync(DEMO_MODEL, made, { recursive: true });
    const file = path.join(made, 'model.json');
    const card = JSON.parse(readFileSync(file, 'utf8')) as { classes: string[] };
    const classes = card.classes.map(rename);
    writeFileSync(file, JSON.stringify({ ...card, classes, version: name }));
    return made;
  }

  it('evaluate says that there is nothing to compare on while nothing is recorded', async () => {
    assertTold(await evaluate('--model', DEMO_MODEL), /No prediction is recorded yet/);
  });

  it('refit refuses a dataset in which nothing is labelled before it installs anything', async () => {
    for (let shade = 0; shade < PHOTOS; shade += 1) await report(shade);
    const dataset = at('empty');
    const exported = await runScript('export.ts', ['dataset', '--out', dataset], env);
    assert.equal(exported.code, 0, exported.stderr);
    const said = await refit(dataset, '--out', at('never'));
    assertTold(said, /empty has no verified photo to train with: let people label/);
    assert.doesNotMatch(said.stderr, /installing/);
  });

  it('refit says what is wrong with what was typed', async () => {
    assertTold(await refit(), /Name one dataset: npm run refit -- EXPORT/);
    assertTold(await refit(at('nowhere')), /nowhere is no dataset: it has no dataset.json/);
    assertTold(await refit(at('empty'), '--colour'), /colour/);
  });

  it('evaluate compares a candidate with the model that another service runs, class by class', async () => {
    assert.equal((await product.sync())['result'], 'success');
    assert.equal(await labelTasks(fake, PREFIX, () => 'Soup'), PHOTOS);
    assert.equal((await product.sync())['result'], 'success');
    const text = await evaluate('--model', DEMO_MODEL);
    assert.equal(text.code, 0, text.stderr);
    assert.match(text.stdout, /food11-\w+ \(candidate\) and plates-3 \(in service\), window 30d/);
    assert.match(text.stdout, /12 labels used, 0 left out because a fit has seen them/);
    assert.match(text.stdout, /accuracy in service +0\.0 % \(0\.0 % to \d+\.\d %\)/);
    assert.match(text.stdout, /Soup +12 /);
    const json = await evaluate('--model', DEMO_MODEL, '--json');
    const told = JSON.parse(json.stdout) as { labels: number; service: { value: number } };
    assert.deepEqual([told.labels, told.service.value], [PHOTOS, 0]);
  });

  it('evaluate refuses a candidate that knows none of the classes that people named', async () => {
    const stranger = renamed('stranger', (name) => `x ${name}`);
    assertTold(
      await evaluate('--model', stranger),
      /stranger answers none of the classes that people named: it has x Bread.*; they named Soup\./,
    );
  });

  it('evaluate names the classes that a candidate lacks', async () => {
    assert.equal(await relabelOne('Plate'), 1);
    assert.equal((await product.sync())['result'], 'success');
    const said = await evaluate('--model', DEMO_MODEL);
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stderr, /does not know Plate: of photos that show them it gets none right/);
  });

  /** One more photo, of a class of its own. */
  async function relabelOne(className: string): Promise<number> {
    await report(PHOTOS);
    await product.sync();
    return labelTasks(fake, PREFIX, () => className);
  }

  it('evaluate says what is wrong with what was typed', async () => {
    assertTold(await evaluate(), /--model is missing: the folder of a candidate/);
    assertTold(
      await evaluate('--model', at('nowhere')),
      /nowhere: expected a folder with a model.json/,
    );
    const against = ['--model', DEMO_MODEL, '--against', 'plates-9'];
    assertTold(await evaluate(...against), /--against plates-9: there are plates-3\./);
    const window = ['--model', DEMO_MODEL, '--window', 'yesterday'];
    assertTold(await evaluate(...window), /--window yesterday: expected/);
    const exclude = ['--model', DEMO_MODEL, '--exclude', at('nowhere')];
    assertTold(await evaluate(...exclude), /--exclude .*nowhere: expected a dataset/);
  });
});
