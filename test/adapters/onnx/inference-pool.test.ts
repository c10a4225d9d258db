import assert from 'node:assert/strict';
import { markAsUntransferable } from 'node:worker_threads';

import type { InferencePool } from '../../../src/adapters/onnx/inference-pool.ts';
import { readModelFolder } from '../../../src/adapters/onnx/model-folder.ts';
import {
  ClassifierUnavailable,
  ModelUnusable,
  Overloaded,
  UploadRejected,
} from '../../../src/domain/errors.ts';
import { plain, slowImage, startTinyPool, TINY_MODEL } from './tiny-model.ts';

const overloaded =
  (reason: Overloaded['reason']) =>
  (error: unknown): boolean =>
    error instanceof Overloaded && error.reason === reason && error.retryAfterSeconds >= 1;

describe('the inference pool', function () {
  this.timeout(30_000);
  let slow: Buffer;
  let pool: InferencePool;
  const start = async (options: Parameters<typeof startTinyPool>[0] = {}) =>
    (pool = await startTinyPool(options));
  before(async () => (slow = await slowImage()));
  afterEach(() => pool.stop());

  it('gives logits, the embedding and where the time went', async () => {
    await start();
    const output = await pool.run(await plain('#0000ff'));
    const [red = 0, green = 0, blue = 0] = output.logits;
    assert.ok(blue > red + 7 && blue > green + 7, output.logits.join());
    assert.ok(Math.abs((output.embedding?.[2] ?? 0) - 1) < 0.02);
    assert.ok(output.seconds.decode > 0 && output.seconds.infer > 0);
  });

  it('takes an image whose memory belongs to somebody else, and leaves it to them', async () => {
    await start();
    const image = new Uint8Array(await plain('#0000ff'));
    markAsUntransferable(image.buffer);
    const [first, second] = [await pool.run(image), await pool.run(image)];
    assert.deepEqual(second.logits, first.logits);
  });

  it('runs as many images at a time as it has workers', async () => {
    await start({ workers: 2 });
    const both = [pool.run(Buffer.from(slow)), pool.run(Buffer.from(slow))];
    assert.equal(pool.load().running, 2);
    await Promise.all(both);
  });

  it('refuses at once what its queue has no room for, and answers the rest', async () => {
    await start({ queueLimit: 2 });
    const accepted = [1, 2, 3].map(() => pool.run(Buffer.from(slow)));
    assert.deepEqual(
      { running: pool.load().running, queued: pool.load().queued },
      { running: 1, queued: 2 },
    );
    await assert.rejects(async () => pool.run(Buffer.from(slow)), overloaded('queue_full'));
    assert.throws(() => {
      pool.assertRoom();
    }, overloaded('queue_full'));
    await Promise.all(accepted);
    assert.doesNotThrow(() => {
      pool.assertRoom();
    });
  });

  it('drops an image that nobody reached in time', async () => {
    await start({ deadlineMs: 20 });
    const images = Array.from({ length: 4 }, () => pool.run(Buffer.from(slow)));
    const results = await Promise.allSettled(images);
    const last = results.at(-1);
    assert.ok(last?.status === 'rejected' && overloaded('deadline')(last.reason));
  });

  it('gives the place of a caller who hung up to the next one', async () => {
    await start({ queueLimit: 1 });
    const gone = new AbortController();
    const running = pool.run(Buffer.from(slow));
    const waiting = pool.run(Buffer.from(slow), gone.signal);
    assert.throws(() => {
      pool.assertRoom();
    }, overloaded('queue_full'));
    gone.abort();
    assert.doesNotThrow(() => {
      pool.assertRoom();
    });
    await assert.rejects(async () => waiting, ClassifierUnavailable);
    await running;
  });

  it('says what is wrong with an image and goes on', async () => {
    await start();
    await assert.rejects(
      async () => pool.run(Buffer.from('no picture')),
      (error) => error instanceof UploadRejected && error.reason === 'type',
    );
    await pool.run(await plain('#ff0000'));
  });

  it('replaces a worker that dies; only the image at it is refused', async () => {
    await start({ queueLimit: 2, deadlineMs: 10_000 });
    const atWork = pool.run(Buffer.from(slow));
    const waiting = pool.run(await plain('#ff0000'));
    pool.killWorkers();
    await assert.rejects(async () => atWork, ClassifierUnavailable);
    assert.ok((await waiting).logits);
    assert.equal(pool.load().isReady, true);
  });

  it('answers what it took before it stops, and takes nothing more', async () => {
    await start();
    const taken = [pool.run(Buffer.from(slow)), pool.run(await plain('#00ff00'))];
    const stopped = pool.stop();
    await assert.rejects(async () => pool.run(await plain('#00ff00')), overloaded('draining'));
    assert.equal(pool.load().isReady, false);
    await Promise.all(taken);
    await stopped;
  });

  it('does not start on a file that is no model', async () => {
    const model = await readModelFolder(TINY_MODEL);
    await assert.rejects(
      startTinyPool({ model: { ...model, path: `${TINY_MODEL}/make.py` } }),
      ModelUnusable,
    );
  });

  it('does not start when the file gives another number of classes than its description', async () => {
    const model = await readModelFolder(TINY_MODEL);
    await assert.rejects(
      startTinyPool({ model: { ...model, classes: ['red', 'green'] } }),
      /3 float32 logits for 2 classes/,
    );
  });

  it('does not start when the file lacks an output that the description names', async () => {
    const model = await readModelFolder(TINY_MODEL);
    const outputs = { logits: 'scores', embedding: null };
    await assert.rejects(startTinyPool({ model: { ...model, outputs } }), /has no scores/);
  });
});
