import assert from 'node:assert/strict';

import { REFERENCE, referenceBytes } from '../adapters/sharp/preprocessing-reference.ts';
import { DEMO_MODEL, demoModel } from '../servers/demo-model.ts';
import { runClassifier, type RunningClassifier } from './running-classifier.ts';

describe('the demonstration model behind HTTP', function () {
  this.timeout(600_000);
  let classifier: RunningClassifier;
  before(async () => {
    const { sha256, classes } = await demoModel();
    assert.equal(sha256, REFERENCE.modelSha256, 'make the reference again: see data-prep/');
    assert.deepEqual(classes, REFERENCE.classes);
    classifier = await runClassifier({ modelDir: DEMO_MODEL });
  });
  after(() => classifier.stop());

  for (const { file, probabilities, prediction, tolerance } of REFERENCE.images)
    it(`answers ${file} as Pillow and Python's onnxruntime do, within ${tolerance.probabilities}`, async () => {
      const response = await fetch(`${classifier.url}/predict`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ image: referenceBytes(file).toString('base64') }),
      });
      const answer = (await response.json()) as {
        prediction: string;
        probabilities: Record<string, number>;
      };
      const differences = REFERENCE.classes.map((name, index) =>
        Math.abs((answer.probabilities[name] ?? NaN) - (probabilities[index] ?? NaN)),
      );
      assert.ok(Math.max(...differences) <= tolerance.probabilities, `${Math.max(...differences)}`);
      const [best = 0, second = 0] = probabilities.toSorted((a, b) => b - a);
      if (best - second > 2 * tolerance.probabilities) assert.equal(answer.prediction, prediction);
    });

  it('needs less than 3 s of computing from its start until it is ready', async () => {
    const before = process.cpuUsage();
    const second = await runClassifier({ modelDir: DEMO_MODEL, workers: 2 });
    const { user, system } = process.cpuUsage(before);
    await second.stop();
    assert.ok((user + system) / 1e6 < 3, `${(user + system) / 1e6} s`);
  });
});
