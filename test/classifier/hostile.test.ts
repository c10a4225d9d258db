import assert from 'node:assert/strict';

import { plain } from '../adapters/onnx/tiny-model.ts';
import { HOSTILE_IMAGES } from '../fixtures/hostile-images.ts';
import { runClassifier, type RunningClassifier } from './running-classifier.ts';

const CPU_SECONDS_MAX = 0.05;
const GROWTH_BYTES_MAX = 50 * 1024 * 1024;

describe('a hostile picture at the classifier', function () {
  this.timeout(60_000);
  let classifier: RunningClassifier;
  before(async () => {
    classifier = await runClassifier();
    // What every first request pays for is no cost of the picture.
    for (let count = 0; count < 5; count++) await ask(await plain('#ffffff'));
    await ask(Buffer.from('no picture'));
  });
  after(() => classifier.stop());

  const ask = async (bytes: Buffer): Promise<number> => {
    const response = await fetch(`${classifier.url}/predict`, {
      method: 'POST',
      body: JSON.stringify({ image: bytes.toString('base64') }),
      headers: { 'Content-Type': 'application/json' },
    });
    await response.arrayBuffer();
    return response.status;
  };
  const cpuSecondsOf = async (work: () => Promise<unknown>): Promise<number> => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };

  for (const { name, bytes, status, isTrap } of HOSTILE_IMAGES)
    it(`is answered ${status}: ${name}`, async () => {
      const sent = await bytes();
      assert.equal(await ask(sent), status);
      if (status === 200 && isTrap !== true) return;
      const before = process.memoryUsage.rss();
      const costs: number[] = [];
      // The least of three: other work of the same process is not the picture's.
      for (let count = 0; count < 3; count++) costs.push(await cpuSecondsOf(() => ask(sent)));
      assert.ok(Math.min(...costs) < CPU_SECONDS_MAX, `${Math.min(...costs)} s of CPU`);
      const growth = process.memoryUsage.rss() - before;
      assert.ok(growth < GROWTH_BYTES_MAX, `grew by ${growth} bytes`);
    });
});
