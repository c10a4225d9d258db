import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import sharp from 'sharp';

import { updateDataset } from '../../scripts/dataset/update-dataset.ts';
import { type DatasetPlan, writeDataset } from '../../scripts/dataset/write-dataset.ts';
import { objectKey } from '../../src/domain/ids.ts';
import { NONE_OF_THESE } from '../../src/domain/prediction.ts';
import type { PredictionRecord } from '../../src/ports/store/prediction-store.ts';
import { agreedOn, AT, record } from './records.ts';

const quiet = (): void => undefined;

describe('a dataset', () => {
  let folder: string;
  const images = new Map<string, Buffer>();

  before(async () => {
    for (const [index, name] of ['one', 'two', 'three', 'four', 'five'].entries()) {
      const noise = Buffer.from(
        Array.from({ length: 64 * 3 }, (_, at) => (at * (7 + 13 * index) * 31) % 251),
      );
      const image = sharp(noise, { raw: { width: 8, height: 8, channels: 3 } });
      images.set(name, await image.resize(64, 64).jpeg().toBuffer());
    }
  });
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-dataset-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  /** A record whose image is the picture of that name. */
  function showing(
    picture: string,
    id: string,
    changes: Parameters<typeof record>[1] = {},
  ): PredictionRecord {
    const contentDigest = createHash('sha256').update(images.get(picture)!).digest('hex');
    const prediction = { objectKey: objectKey(picture), contentDigest, ...changes.prediction };
    return record(id, { ...changes, prediction });
  }

  function planOf(
    records: readonly PredictionRecord[],
    changes: Partial<DatasetPlan['choice']> = {},
  ): DatasetPlan {
    return {
      out: path.join(folder, 'out'),
      store: {
        async *recordsBetween() {
          yield records;
        },
      },
      objects: { get: async (key) => images.get(key) ?? null },
      window: { name: '30d', from: 0, to: AT + 1 },
      choice: {
        ...{ classes: new Set(['Soup', 'Rice']), modelVersion: null },
        ...{ holdOut: false, withModelAnswers: false, ...changes },
      },
      folders: new Map([
        ['Soup', 'class_00'],
        ['Rice', 'class_01'],
      ]),
      now: AT,
      progress: quiet,
    };
  }

  const read = (name: string): string => readFileSync(path.join(folder, 'out', name), 'utf8');
  const rows = (name = 'manifest.jsonl'): Record<string, unknown>[] =>
    read(name)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const files = (): string[] =>
    readdirSync(path.join(folder, 'out'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.jpg'))
      .sort();

  it('has verified and unverified images in folders of their own, each in its class', async () => {
    const summary = await writeDataset(
      planOf([
        showing('one', 'a', agreedOn('Soup')),
        showing('two', 'b', agreedOn('Rice')),
        showing('three', 'c', { feedback: [['correction', 'Rice']] }),
        showing('four', 'd', agreedOn(NONE_OF_THESE)),
        showing('five', 'e'),
      ]),
    );
    assert.deepEqual(files(), [
      ...['clean/class_00/a.jpg', 'clean/class_01/b.jpg', 'noisy/class_01/c.jpg'],
    ]);
    assert.deepEqual(summary.left_out, { none_of_these: 1, unlabelled: 1 });
    assert.deepEqual(summary.counts, { clean: { Soup: 1, Rice: 1 }, noisy: { Rice: 1 } });
    for (const row of rows()) {
      const bytes = readFileSync(path.join(folder, 'out', String(row['file'])));
      assert.equal(createHash('sha256').update(bytes).digest('hex'), row['sha256']);
    }
    assert.equal(read('manifest.csv').split('\n').length, 5);
    const tasks = JSON.parse(read('label-studio.json')) as {
      data: { image: string };
      annotations: object[];
    }[];
    assert.deepEqual(
      tasks.map(({ data, annotations }) => [data.image, annotations.length]),
      [
        ['/data/local-files/?d=out/clean/class_00/a.jpg', 1],
        ['/data/local-files/?d=out/clean/class_01/b.jpg', 1],
        ['/data/local-files/?d=out/noisy/class_01/c.jpg', 0],
      ],
    );
  });

  it('trains with nothing of the held-out random part, nor with a copy of its pictures', async () => {
    const summary = await writeDataset(
      planOf(
        [
          showing('one', 'copy', agreedOn('Soup')),
          showing('one', 'random', { ...agreedOn('Soup'), isRandom: true }),
          showing('two', 'other', agreedOn('Rice')),
        ],
        { holdOut: true },
      ),
    );
    assert.deepEqual(files(), ['clean/class_01/other.jpg', 'holdout/class_00/random.jpg']);
    assert.deepEqual(summary.left_out, { copy_of_held_out: 1 });
  });

  it('lists pictures that it has twice, and labels that the model contradicts', async () => {
    const probabilities = { Soup: 0.95, Rice: 0.05 };
    const summary = await writeDataset(
      planOf([
        showing('one', 'a', agreedOn('Soup')),
        showing('two', 'b', agreedOn('Soup')),
        showing('one', 'c', { ...agreedOn('Rice'), prediction: { probabilities } }),
      ]),
    );
    assert.deepEqual([summary.near_duplicates, summary.suspicious_labels], [1, 1]);
    const [near] = rows('near-duplicates.jsonl');
    assert.equal(near?.['prediction_id'], 'c');
    assert.equal((near['near'] as { prediction_id: string }).prediction_id, 'a');
    assert.equal(near['same_class'], false);
    assert.equal(rows('suspicious-labels.jsonl')[0]?.['suggested'], 'Soup');
  });

  it('leaves out and counts images that are gone or not what was recorded', async () => {
    const summary = await writeDataset(
      planOf([
        showing('one', 'gone', { ...agreedOn('Soup'), prediction: { objectKey: objectKey('no') } }),
        showing('two', 'bad', { ...agreedOn('Soup'), prediction: { contentDigest: '00' } }),
      ]),
    );
    assert.deepEqual(summary.left_out, { image_missing: 1, image_damaged: 1 });
    assert.deepEqual(rows(), []);
    assert.equal(read('label-studio.json'), '[]\n');
  });

  it('appears whole or not at all, and never over something else', async () => {
    const plan = planOf([showing('one', 'a', agreedOn('Soup'))]);
    const fails = { get: () => Promise.reject(new Error('the object store is down')) };
    await assert.rejects(writeDataset({ ...plan, objects: fails }), /is down/);
    assert.deepEqual(readdirSync(folder), []);
    await writeDataset(plan);
    const before = readdirSync(path.join(folder, 'out'));
    await assert.rejects(writeDataset(plan), /is there already/);
    assert.deepEqual(readdirSync(path.join(folder, 'out')), before);
    assert.deepEqual(readdirSync(folder), ['out']);
  });

  it('loses what was deleted since, when it is updated: image, rows, tasks, counts', async () => {
    const kept = showing('two', 'kept', agreedOn('Rice'));
    const erased = showing('one', 'erased', { feedback: [['correction', 'Rice']] });
    await writeDataset(planOf([kept, erased]));
    const store = {
      findPrediction: async (id: string) => (id === 'kept' ? kept.prediction : null),
    };
    const out = path.join(folder, 'out');
    const { removed, summary } = await updateDataset(out, store, AT + 1, quiet);
    assert.equal(removed, 1);
    assert.deepEqual(summary.counts, { clean: { Rice: 1 } });
    assert.deepEqual(files(), ['clean/class_01/kept.jpg']);
    for (const name of readdirSync(out))
      if (name.includes('.')) assert.ok(!read(name).includes('erased'), name);
    assert.equal((await updateDataset(out, store, AT + 2, quiet)).removed, 0);
    await assert.rejects(updateDataset(folder, store, AT, quiet), /is no dataset/);
  });

  it('is left as it is where none of its predictions is known: the records are not those that it came from', async () => {
    const out = path.join(folder, 'out');
    const content = (): string[] =>
      readdirSync(out, { recursive: true, encoding: 'utf8' })
        .sort()
        .map((name) => `${name} ${name.includes('.') ? read(name) : ''}`);
    const nobody = { findPrediction: async () => null };
    await writeDataset(
      planOf([showing('one', 'a', agreedOn('Soup')), showing('two', 'b', agreedOn('Rice'))]),
    );
    const before = content();
    await assert.rejects(
      updateDataset(out, nobody, AT, quiet),
      /none of its predictions \(2\) .* DATA_DIR or REDIS_URL .* Nothing was changed.* remove the folder/,
    );
    assert.deepEqual(content(), before);
    rmSync(out, { recursive: true });
    await writeDataset(planOf([]));
    assert.equal((await updateDataset(out, nobody, AT, quiet)).removed, 0, 'nothing to lose');
  });

  it('holds no more in memory for ten times the rows', async function () {
    this.timeout(60_000);
    // What other tests left behind, or nobody needs any more, is not held.
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const heapWhileWriting = async (count: number): Promise<number> => {
      const measured: number[] = [];
      const store: DatasetPlan['store'] = {
        async *recordsBetween() {
          for (let start = 0; start < count; start += 500) {
            collectGarbage();
            measured.push(process.memoryUsage().heapUsed);
            yield Array.from({ length: 500 }, (_, index) => {
              const id = `${start + index}`;
              const contentDigest = createHash('sha256').update(id).digest('hex');
              return record(id, { ...agreedOn('Soup'), prediction: { contentDigest } });
            });
          }
        },
      };
      const out = path.join(folder, `${count}-rows`);
      await writeDataset({ ...planOf([]), out, store, objects: null, progress: quiet });
      assert.ok(existsSync(path.join(out, 'dataset.json')));
      assert.ok(measured.length >= count / 500, `measured ${measured.length} times`);
      return Math.max(...measured) / 1e6;
    };
    await heapWhileWriting(1000);
    const [few, many] = [await heapWhileWriting(3000), await heapWhileWriting(30_000)];
    // Rows that were held would be 50 MB.
    assert.ok(many < few + 15, `${few} MB with 3,000 rows, ${many} MB with 30,000`);
  });
});
