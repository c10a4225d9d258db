import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import sharp from 'sharp';

import { type FakeLabelStudio, startFakeLabelStudio } from '../fakes/label-studio.ts';
import { type Product, startProduct } from '../servers/product.ts';

describe('while Label Studio is down', function () {
  this.timeout(120_000);
  let labelStudio: FakeLabelStudio;
  let product: Product;
  let folder: string;

  before(async () => {
    labelStudio = await startFakeLabelStudio();
    labelStudio.break({ at: '', as: 'refused', times: Infinity });
    folder = mkdtempSync(path.join(tmpdir(), 'truthloop-down-'));
    const classesFile = path.join(folder, 'classes.json');
    writeFileSync(classesFile, JSON.stringify(['cat', 'dog']));
    product = await startProduct({
      ROLES: 'web,sync',
      CLASSES_FILE: classesFile,
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_TOKEN: labelStudio.token,
      PUSH_DELAY_SECONDS: '0',
    });
  });

  after(async () => {
    await product.stop();
    await labelStudio.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const warnings = (): string[] =>
    readFileSync(product.process.logFile, 'utf8')
      .split('\n')
      .filter(
        (line) => line.includes('"level":"warn"') && line.includes('Label Studio does not answer'),
      );

  it('users notice nothing, selection goes on, and the log says it once', async () => {
    const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    const report = await fetch(`${product.webUrl}/api/predictions`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${product.secret('INGEST_KEY')}`,
      },
      body: JSON.stringify({
        image: image.toString('base64'),
        prediction: 'cat',
        probability: 0.9,
        model_version: 'v1',
      }),
    });
    assert.ok(report.ok, await report.text());
    const run = await product.sync();
    assert.equal(run['result'], 'failure');
    assert.match(String(run['error']), /Label Studio/);
    assert.equal(run['selected'], 1);
    await product.sync();
    await product.sync();
    assert.equal(warnings().length, 1);
    for (const url of [product.webUrl, product.syncUrl]) {
      assert.equal((await fetch(`${url}/readyz`)).status, 200);
    }
  });

  it('what waited is pushed once it is back', async () => {
    labelStudio.heal();
    // The breaker lets a trial through after its rest; the outbox entry waits for its back-off.
    let pushed = 0;
    while (pushed === 0) pushed += Number((await product.sync())['pushed']);
    assert.equal(pushed, 1);
    assert.equal((await product.sync())['result'], 'success');
    assert.equal(labelStudio.records.tasks.size, 1);
    assert.match(readFileSync(product.process.logFile, 'utf8'), /Label Studio answers again/);
  });
});
