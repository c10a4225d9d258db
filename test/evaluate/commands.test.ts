import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

import sharp from 'sharp';

import { type ReportingService, startReportingService } from '../operate/reporting-service.ts';
import { DEMO_MODEL, demoModel } from '../servers/demo-model.ts';
import { mixUpModel } from '../servers/mixed-up-model.ts';
import { labelTasks } from '../support/label-tasks.ts';
import { runScript } from '../support/run-script.ts';

const PREFIX = 'Candidates';
const PHOTOS = 12;

type Said = Awaited<ReturnType<typeof runScript>>;

describe('npm run evaluate and npm run refit, beside a service that reports its predictions', function () {
  this.timeout(120_000);
  let service: ReportingService;

  before(async function () {
    this.timeout(300_000);
    await demoModel();
    const settings = { PROJECT_PREFIX: PREFIX, WINDOWS: '30d,all' };
    service = await startReportingService(settings, ['Soup', 'Rice', 'Plate']);
  });
  after(() => service.close());

  const evaluate = (...args: string[]): Promise<Said> =>
    runScript('evaluate.ts', args, service.env);
  const refit = (...args: string[]): Promise<Said> => runScript('refit.ts', args, service.env);
  const sync = async (): Promise<void> => {
    assert.equal((await service.product.sync())['result'], 'success');
  };
  const at = (name: string): string => path.join(service.folder, name);

  /** Ends as a fault of what was typed: told in words, without a stack. */
  function assertTold({ code, stderr }: Said, words: RegExp): void {
    assert.match(stderr, words);
    assert.equal(code, 2, stderr);
    assert.doesNotMatch(stderr, /\n +at /);
  }

  async function report(shade: number): Promise<void> {
    const background = { r: 20 * shade, g: 255 - 20 * shade, b: 90 };
    const picture = sharp({ create: { width: 64, height: 64, channels: 3, background } });
    await service.reportOne(await picture.jpeg().toBuffer(), {
      prediction: 'Plate',
      probability: 0.8,
      model_version: 'plates-3',
    });
  }

  it('evaluate says that there is nothing to compare on while nothing is recorded', async () => {
    assertTold(await evaluate('--model', DEMO_MODEL), /No prediction is recorded yet/);
  });

  it('refit refuses a dataset in which nothing is labelled before it installs anything', async () => {
    for (let shade = 0; shade < PHOTOS; shade += 1) await report(shade);
    const dataset = at('empty');
    const exported = await runScript('export.ts', ['dataset', '--out', dataset], service.env);
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
    await sync();
    assert.equal(await labelTasks(service.labelStudio, PREFIX, () => 'Soup'), PHOTOS);
    await sync();
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
    const stranger = at('stranger');
    mkdirSync(stranger);
    mixUpModel(DEMO_MODEL, stranger, 'stranger', (names) => names.map((name) => `x ${name}`));
    assertTold(
      await evaluate('--model', stranger),
      /stranger answers none of the classes that people named: it has x Bread.*; they named Soup\./,
    );
  });

  it('evaluate names the classes that a candidate lacks', async () => {
    assert.equal(await relabelOne('Plate'), 1);
    await sync();
    const said = await evaluate('--model', DEMO_MODEL);
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stderr, /does not know Plate: of photos that show them it gets none right/);
  });

  /** One more photo, of a class of its own. */
  async function relabelOne(className: string): Promise<number> {
    await report(PHOTOS);
    await sync();
    return labelTasks(service.labelStudio, PREFIX, () => className);
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
