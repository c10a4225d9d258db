import assert from 'node:assert/strict';

import { predictionId } from '../../src/domain/ids.ts';
import type { ObjectStore } from '../../src/ports/object-store.ts';
import { photo } from './photos.ts';
import { INGEST, OPS, startTestWeb, type TestWeb } from './start-test-web.ts';

const DAY_MS = 86_400_000;

describe('reported predictions', () => {
  let web: TestWeb;
  let image: string;
  const report = (changes: object = {}, headers: Record<string, string> = INGEST) =>
    web.post(
      '/api/predictions',
      { image, prediction: 'square', probability: 0.8, model_version: 'theirs-3', ...changes },
      headers,
    );
  const recorded = async (response: Promise<Response>) => {
    const answer = await response;
    assert.ok(answer.ok, await answer.clone().text());
    const { id } = (await answer.json()) as { id: string };
    return (await web.store.findPrediction(predictionId(id)))!;
  };
  const time = (offsetMs: number): { time: string } => ({
    time: new Date(web.time.now + offsetMs).toISOString(),
  });

  beforeEach(async () => {
    web = await startTestWeb({ options: { classifier: null } });
    image = (await photo()).toString('base64');
  });
  afterEach(() => web.stop());

  it('are recorded like uploads, under the policy in force at arrival', async () => {
    const stored = await recorded(report({ ...time(-DAY_MS), segment: 'south' }));
    assert.equal(stored.at, web.time.now - DAY_MS);
    assert.equal(stored.recordedAt, web.time.now);
    assert.equal(stored.source, 'reported');
    assert.equal(stored.modelVersion, 'theirs-3');
    assert.equal(stored.segment, 'south');
    assert.equal(stored.policyId, 'first');
    assert.equal(stored.probabilities, null);
    assert.ok(web.counted.includes('truthloop_predictions_recorded_total reported'));
  });

  it('may bring all probabilities instead of class and confidence', async () => {
    const probabilities = { circle: 0.2, square: 0.1, 'star & <moon>': 0.7 };
    const stored = await recorded(
      report({ prediction: undefined, probability: undefined, probabilities }),
    );
    assert.equal(stored.predictedClass, 'star & <moon>');
    assert.equal(stored.confidence, 0.7);
    assert.deepEqual(stored.probabilities, probabilities);
  });

  it('with the same id of the caller are one prediction with one image', async () => {
    const [first, second] = [
      await report({ external_id: 'a-1' }),
      await report({ external_id: 'a-1' }),
    ];
    assert.deepEqual([first.status, second.status], [201, 200]);
    assert.deepEqual(await first.json(), await second.json());
    assert.equal(await countOf(web.objects), 1);
  });

  it('are taken from 30 days ago to 5 minutes ahead', async () => {
    for (const offset of [-30 * DAY_MS, 5 * 60_000])
      assert.equal((await report(time(offset))).status, 201);
    for (const offset of [-30 * DAY_MS - 1000, 5 * 60_000 + 1000])
      assert.equal((await report(time(offset))).status, 422);
  });

  const faults: readonly [string, object][] = [
    ['a class of another deployment', { prediction: 'cat' }],
    ['a confidence above 1', { probability: 1.5 }],
    ['a class without its confidence', { probability: undefined }],
    ['neither class nor probabilities', { prediction: undefined, probability: undefined }],
    ['probabilities that do not sum to 1', { probabilities: { circle: 0.2, square: 0.1 } }],
    ['no model version', { model_version: undefined }],
    ['a segment that is not configured', { segment: 'east' }],
    ['a time in words', { time: 'yesterday' }],
    ['an image and the address of one', { image_url: 'https://photos.example/1.jpg' }],
    [
      'the address of an image where no host is allowed',
      { image: undefined, image_url: 'https://photos.example/1.jpg' },
    ],
  ];
  for (const [what, changes] of faults)
    it(`with ${what} are refused with 422, and nothing is kept`, async () => {
      assert.equal((await report(changes)).status, 422);
      assert.equal(await countOf(web.objects), 0);
    });

  it('with something else than a picture are refused as uploads are', async () => {
    assert.equal((await report({ image: 'not base64!' })).status, 400);
    assert.equal((await report({ image: Buffer.from('text').toString('base64') })).status, 415);
    assert.equal((await report({ image: 'A'.repeat(400_000) })).status, 413);
  });

  it('need the ingest key, and no other', async () => {
    assert.equal((await report({}, {})).status, 401);
    assert.equal((await report({}, OPS)).status, 401);
    const denied = await report({}, { Authorization: 'Bearer ingest-key-of-the-tes' });
    assert.equal(denied.status, 401);
    assert.equal(denied.headers.get('www-authenticate'), 'Bearer');
  });
});

async function countOf(objects: ObjectStore): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of objects.list()) keys.push(key);
  return keys.length;
}
