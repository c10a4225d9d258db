import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

import sharp from 'sharp';

import { cacheFolder } from '../../scripts/start/label-studio.mjs';
import { ensureVenv } from '../../scripts/start/venv.mjs';
import { type ReportingService, startReportingService } from '../operate/reporting-service.ts';
import { labelTasks } from '../support/label-tasks.ts';
import { runScript } from '../support/run-script.ts';

const NOTEBOOKS = path.resolve(import.meta.dirname, '../../data-prep/notebooks');
const REQUIREMENTS = path.join(NOTEBOOKS, 'requirements.txt');
const REPORTED = 24;

/** Python with pandas and matplotlib, in an environment of its own. */
async function python(): Promise<string> {
  const folder = path.join(cacheFolder(process.env), 'notebooks');
  await ensureVenv({
    folder,
    key: createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex'),
    requirements: ['-r', REQUIREMENTS],
    logFile: `${folder}.log`,
    env: process.env,
  });
  return path.join(folder, 'bin', 'python');
}

describe('data-prep/notebooks/labels.ipynb, with pandas and matplotlib', function () {
  this.timeout(120_000);
  let service: ReportingService;
  let interpreter: string;
  let dataset: string;
  before(async function () {
    this.timeout(1_200_000);
    interpreter = await python();
    service = await startReportingService({ PROJECT_PREFIX: 'Notebook' });
    dataset = path.join(service.folder, 'dataset');
  });
  after(() => service.close());

  async function report(index: number): Promise<void> {
    const background = { r: 10 * index, g: 40, b: 90 };
    const image = sharp({ create: { width: 8, height: 8, channels: 3, background } });
    const answer = await fetch(`${service.product.webUrl}/api/predictions`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${service.product.secret('INGEST_KEY')}`,
      },
      body: JSON.stringify({
        image: (await image.jpeg().toBuffer()).toString('base64'),
        ...{ prediction: 'cat', probability: 0.5 + index / 50, model_version: 'v1' },
      }),
    });
    assert.equal(answer.status, 201);
  }

  async function draw(): Promise<string> {
    const script = path.join(import.meta.dirname, 'run-notebook.py');
    const { stdout } = await promisify(execFile)(
      interpreter,
      ['-W', 'error::FutureWarning', script, path.join(NOTEBOOKS, 'labels.ipynb')],
      { env: { PATH: process.env['PATH'], HOME: service.folder, DATASET_DIR: dataset } },
    );
    return stdout;
  }

  const exportDataset = async (...words: string[]): Promise<void> => {
    const said = await runScript(
      'export.ts',
      ['dataset', ...words, '--manifest-only'],
      service.env,
    );
    assert.equal(said.code, 0, said.stderr);
  };

  it('says what to do while nothing is labelled', async () => {
    for (let index = 0; index < REPORTED; index += 1) await report(index);
    await service.product.sync();
    await exportDataset('--out', path.join(service.folder, 'empty'));
    dataset = path.join(service.folder, 'empty');
    assert.match(await draw(), /No model version has 5 labels yet/);
  });

  it("draws the accuracy page's figures from an export: the same accuracy, the same confusion", async () => {
    let index = 0;
    await labelTasks(service.labelStudio, 'Notebook', () =>
      (index += 1) % 4 === 0 ? 'dog' : 'cat',
    );
    await service.product.sync();
    dataset = path.join(service.folder, 'dataset');
    await exportDataset('--out', dataset);
    const answer = await service.ops(`${service.product.webUrl}/api/accuracy?window=all`);
    const { estimates } = (await answer.json()) as { estimates: { accuracy: number }[] };
    assert.equal(estimates[0]?.accuracy, 0.75);
    const said = await draw();
    assert.match(
      said,
      /24 verified labels of 1 model versions, 0 answers 'None of these' left out/,
    );
    assert.match(said, /v1: 75\.0% \(55\.1% to 88\.0%\) from 24 labels/);
    assert.match(said, /^cat +18 +0$/m);
    assert.match(said, /^dog +6 +0$/m);
    assert.match(said, /^cat +18 +1\.0+ +0\.750?$/m);
    assert.match(said, /figures shown: 4/);
  });
});
