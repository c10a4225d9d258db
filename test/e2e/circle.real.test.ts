import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { fittingPython } from '../../scripts/refit/fitting-python.ts';
import type { PairedDifference } from '../../src/estimate/paired-difference.ts';
import { runCommand } from '../operate/run-command.ts';
import { DEMO_MODEL, demoModel } from '../servers/demo-model.ts';
import type { LabelStudioServer } from '../servers/label-studio.ts';
import { mixUpModel } from '../servers/mixed-up-model.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { labelTasks } from '../support/label-tasks.ts';
import { runScript } from '../support/run-script.ts';

const PHOTOS = path.resolve(process.env['SHARED_DIR'] ?? '../shared', 'photos');

interface Photo {
  readonly set: string;
  readonly bytes: Buffer;
  readonly trueClass: string;
}

const readPhotos = (): Photo[] =>
  readFileSync(path.join(PHOTOS, 'photos.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [set = '', file = '', trueClass = ''] = line.split(',');
      return { set, trueClass, bytes: readFileSync(path.join(PHOTOS, file)) };
    });

interface Evaluation {
  readonly verdict: string;
  readonly labels: number;
  readonly excluded: number;
  readonly scope: string;
  readonly difference: PairedDifference;
  readonly candidate: { readonly value: number };
  readonly service: { readonly value: number };
}

/** One product with a model of its own, people who label, and the commands beside it. */
interface Deployment {
  readonly product: Product;
  readonly env: Readonly<Record<string, string>>;
  readonly prefix: string;
}

describe('from labels to a better model, with real photos and the real Label Studio', function () {
  this.timeout(600_000);
  const photos = readPhotos();
  /** What the fit may see, and what it never sees. */
  const [forFitting, unseen] = [
    photos.filter(({ set }) => set === 'ai_images'),
    photos.filter(({ set }) => set !== 'ai_images'),
  ];
  const truth = new Map<string, string>();
  let labelStudio: LabelStudioServer;
  let folder: string;
  let mixedUp: Deployment;
  let dataset: string;
  let candidate: string;
  let mixedUpModel: string;
  const started: Product[] = [];

  before(async function () {
    // On a machine that has none of it, all of them are installed here, not within a test.
    this.timeout(1_200_000);
    [labelStudio] = await Promise.all([
      sharedLabelStudio(),
      demoModel(),
      fittingPython(() => undefined),
    ]);
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-circle-'));
    [dataset, candidate] = [path.join(folder, 'dataset'), path.join(folder, 'refitted')];
    mixedUpModel = path.join(folder, 'mixed-up-model');
  });
  after(async () => {
    for (const product of started) await product.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function deploy(
    name: string,
    modelDir: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Deployment> {
    const prefix = `Circle ${name}`;
    const env = {
      DATA_DIR: path.join(folder, name),
      MODEL_DIR: modelDir,
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_TOKEN: labelStudio.token,
      PROJECT_PREFIX: prefix,
      PUSH_DELAY_SECONDS: '0',
      ...more,
    };
    const product = await startProduct(env);
    started.push(product);
    return { product, env, prefix };
  }

  /** @returns the version of the model that answered */
  async function upload(product: Product, { bytes, trueClass }: Photo): Promise<string> {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)]), 'photo.jpg');
    const answer = await fetch(`${product.webUrl}/predict`, {
      method: 'POST',
      body: form,
      headers: { Accept: 'application/json' },
    });
    assert.ok(answer.ok, `${answer.status} ${await answer.clone().text()}`);
    const { id, model_version: version } = (await answer.json()) as Record<string, string>;
    truth.set(id ?? '', trueClass);
    return version ?? '';
  }

  /** Photos go through the service, and people label what comes of it. */
  async function serveAndLabel(
    { product, prefix }: Deployment,
    traffic: readonly Photo[],
  ): Promise<void> {
    for (const photo of traffic) await upload(product, photo);
    assert.equal((await product.sync())['result'], 'success');
    const answered = await labelTasks(labelStudio, prefix, (id) => truth.get(id));
    assert.equal(answered, traffic.length, 'a quiet service has everything labelled');
    assert.equal((await product.sync())['result'], 'success');
  }

  async function evaluate({ env }: Deployment): Promise<Evaluation> {
    const said = await runScript(
      'evaluate.ts',
      ['--model', candidate, '--exclude', dataset, '--json'],
      env,
    );
    assert.equal(said.code, 0, said.stderr);
    return JSON.parse(said.stdout) as Evaluation;
  }

  it('exports what people said of the photos that a mixed-up model answered', async () => {
    mkdirSync(mixedUpModel);
    mixUpModel(DEMO_MODEL, mixedUpModel, 'food11-mixed-up');
    mixedUp = await deploy('mixed-up', mixedUpModel);
    await serveAndLabel(mixedUp, forFitting);
    const said = await runScript('export.ts', ['dataset', '--out', dataset], mixedUp.env);
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stdout, /clean +50 in 11 classes/);
  });

  it('refits the head on them', async () => {
    const said = await runScript(
      'refit.ts',
      [dataset, '--out', candidate, '--no-evaluation'],
      mixedUp.env,
    );
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stdout, /fitted on 50 photos, \d+ of 50 right \(cross-validation/);
    const again = await runScript('refit.ts', [dataset, '--out', candidate], mixedUp.env);
    assert.equal(again.code, 2, again.stderr);
    assert.match(again.stderr, /holds a model already: name another folder with --out/);
  });

  it('the candidate is better, told on photos that no fit has seen alone', async () => {
    await serveAndLabel(mixedUp, unseen);
    const found = await evaluate(mixedUp);
    const said = JSON.stringify(found);
    assert.deepEqual([found.labels, found.excluded, found.scope], [22, 50, 'unseen'], said);
    assert.ok(found.service.value < 0.2, said);
    assert.ok(found.candidate.value > 0.4, said);
    assert.ok(found.difference.lower > 0, said);
    assert.equal(found.verdict, 'better');
  });

  it('as the shadow of the same traffic it is better, told by labels of where the two differ', async () => {
    await mixedUp.product.stop();
    mixedUp = await deploy('mixed-up', mixedUpModel, { SHADOW_MODEL_DIR: candidate });
    const { product, prefix } = mixedUp;
    for (const [index, photo] of unseen.entries()) {
      await upload(product, photo);
      // Nobody's answer waits for a shadow, so that one photo after another would leave it behind.
      await shadowAnswered(product, index + 1);
    }
    assert.equal((await product.sync())['result'], 'success');
    assert.equal(await labelTasks(labelStudio, prefix, (id) => truth.get(id)), unseen.length);
    assert.equal((await product.sync())['result'], 'success');
    const comparison = await comparisonOf(product);
    const said = JSON.stringify(comparison);
    assert.equal(comparison.model_version, versionOf(candidate), said);
    assert.equal(comparison.baseline_version, 'food11-mixed-up', said);
    assert.equal(comparison.predictions, unseen.length, said);
    assert.equal(comparison.labels, comparison.differ, said);
    assert.ok(comparison.lower > 0, said);
  });

  it('promoted, it answers; the other goes on beside it, and is taken back in the same way', async () => {
    const { product, env } = mixedUp;
    const promote = (...words: string[]): ReturnType<typeof runCommand> =>
      runCommand(env, folder, 'promote', '--url', product.classifierUrl, ...words);
    const photo = unseen[0];
    assert.ok(photo !== undefined);
    assert.equal(await upload(product, photo), 'food11-mixed-up');
    const done = await promote();
    assert.match(done.stdout, new RegExp(`${versionOf(candidate)} serves now\\.`), done.stderr);
    assert.equal(await upload(product, photo), versionOf(candidate));
    assert.equal((await promote('--back')).code, 0);
    assert.equal(await upload(product, photo), 'food11-mixed-up');
  });

  interface Comparison {
    readonly model_version: string;
    readonly baseline_version: string;
    readonly predictions: number;
    readonly differ: number;
    readonly labels: number;
    readonly lower: number;
  }

  /** Resolves when the shadow was through with so many predictions. */
  async function shadowAnswered(product: Product, count: number): Promise<void> {
    for (;;) {
      const text = await (await fetch(`${product.webUrl}/metrics`)).text();
      const results = [...text.matchAll(/^truthloop_shadow_answers_total\{.*\} (\d+)$/gm)];
      if (results.reduce((sum, [, told]) => sum + Number(told), 0) >= count) return;
      await setTimeout(100);
    }
  }

  async function comparisonOf(product: Product): Promise<Comparison> {
    const answer = await fetch(`${product.webUrl}/api/accuracy?window=all`);
    const { comparisons } = (await answer.json()) as { comparisons: Comparison[] };
    assert.equal(comparisons.length, 1, JSON.stringify(comparisons));
    return comparisons[0] as Comparison;
  }

  const versionOf = (modelDir: string): string =>
    (JSON.parse(readFileSync(path.join(modelDir, 'model.json'), 'utf8')) as { version: string })
      .version;

  it('against the ordinary head, as good already, it says that it can not tell yet', async () => {
    const ordinary = await deploy('ordinary', DEMO_MODEL);
    await serveAndLabel(ordinary, unseen);
    const found = await evaluate(ordinary);
    assert.equal(found.verdict, "can't tell yet", JSON.stringify(found));
    assert.deepEqual([found.labels, found.excluded], [22, 0]);
    assert.ok(found.difference.lower <= 0 && found.difference.upper >= 0);
  });
});
