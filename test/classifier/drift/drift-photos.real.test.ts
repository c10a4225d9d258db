import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { InferencePool } from '../../../src/adapters/onnx/inference-pool.ts';
import { compareSamples } from '../../../src/classifier/drift/compare-samples.ts';
import type { DriftRow } from '../../../src/classifier/drift/drift-sample.ts';
import { softmax } from '../../../src/classify/softmax.ts';
import { topClass } from '../../../src/classify/top-class.ts';
import { startTinyPool } from '../../adapters/onnx/tiny-model.ts';
import { demoModel } from '../../servers/demo-model.ts';
import { SHARED_DIR } from '../../servers/fastapi-peer.ts';

describe('drift on photos', function () {
  this.timeout(600_000);
  let classes: readonly string[];
  let pool: InferencePool;
  let drawn: DriftRow[];
  let taken: DriftRow[];
  before(async () => {
    const model = await demoModel();
    classes = model.classes;
    pool = await startTinyPool({ model, queueLimit: 100, deadlineMs: 300_000 });
    const rowsOf = (folder: string): Promise<DriftRow[]> =>
      Promise.all(
        readdirSync(join(SHARED_DIR, 'photos', folder)).map(async (name) => {
          const bytes = readFileSync(join(SHARED_DIR, 'photos', folder, name));
          const { logits, embedding } = await pool.run(bytes);
          const answer = topClass(softmax(logits), classes);
          return { ...answer, embedding: Array.from(embedding ?? []) };
        }),
      );
    drawn = await rowsOf('ai_images');
    taken = await rowsOf('food11');
  });
  after(() => pool.stop());

  /** Reproducible draws. */
  const draws = (seed: number) => {
    let state = seed;
    return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
  };

  it('stays quiet on at least 38 of 40 windows of photos like the reference', () => {
    const alarms = Array.from({ length: 40 }, (_, window) => {
      const uniform = draws(window + 1);
      const mixed = drawn
        .map((row) => ({ row, at: uniform() }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ row }) => row);
      return compareSamples(mixed.slice(0, 25), mixed.slice(25), classes, uniform);
    }).filter(({ hasDrift }) => hasDrift);
    assert.ok(alarms.length <= 2, `${alarms.length} of 40`);
  });

  it('fires when photographs come where generated pictures were expected', () => {
    const { signals, hasDrift } = compareSamples(drawn, taken, classes, draws(7));
    assert.equal(hasDrift, true, JSON.stringify(signals));
    // Seventeen photos are few for 1280 dimensions: the embedding adds to the evidence, the confidence carries it.
    assert.ok((signals.find(({ signal }) => signal === 'embedding')?.p ?? 1) < 0.05);
  });
});
