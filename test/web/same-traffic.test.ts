import assert from 'node:assert/strict';

import type { VersionComparison } from '../../src/domain/comparison.ts';
import { modelVersion, predictionId } from '../../src/domain/ids.ts';
import { aComparison } from '../expose/a-comparison.ts';
import { estimate } from './estimates.ts';
import { photo } from './photos.ts';
import { OPS, PAGE, startTestWeb, type TestWeb } from './start-test-web.ts';

const NEW = modelVersion('shapes-2');
const two = (changes: Partial<VersionComparison> = {}): VersionComparison =>
  aComparison({ modelVersion: NEW, baselineVersion: modelVersion('shapes-1'), ...changes });

describe('two models on the same photos', () => {
  let web: TestWeb;
  beforeEach(async () => {
    web = await startTestWeb();
  });
  afterEach(() => web.stop());

  async function save(...comparisons: VersionComparison[]): Promise<void> {
    const fence = await web.store.acquireLease('sync', 'test', web.time.now, 60_000);
    await web.predict(await photo());
    await web.store.saveEstimates([estimate(), estimate({ window: '1d' })], fence!);
    if (comparisons.length > 0) await web.store.saveFinding('comparisons', comparisons, fence!);
  }
  const page = async (query = ''): Promise<string> =>
    (await (await web.get(`/accuracy${query}`, PAGE)).text()).replaceAll('\u00a0', ' ');
  const told = async (query = ''): Promise<{ window: string }[]> =>
    ((await (await web.get(`/api/accuracy${query}`)).json()) as { comparisons: never }).comparisons;

  it('are told to programs under fixed names, both named, null where there are too few labels', async () => {
    await save(
      two({ mcNemarP: null }),
      two({ window: '1d', answered: 40, differ: 3, selected: 2, labels: 1, difference: null }),
    );
    const answer = {
      ...{ model_version: 'shapes-2', baseline_version: 'shapes-1', window: '7d' },
      ...{ from: '1970-01-01T00:00:00.000Z', to: '1970-01-08T00:00:00.000Z' },
      ...{ as_of: '1970-01-08T00:00:00.000Z', predictions: 900, differ: 45, selected: 30 },
      ...{ labels: 25, difference: 0.012, lower: 0.002, upper: 0.021, mcnemar_p: null },
    };
    const [week, day] = await told();
    assert.deepEqual(week, answer);
    assert.deepEqual(day, {
      ...{ ...answer, window: '1d', predictions: 40, differ: 3, selected: 2, labels: 1 },
      ...{ difference: null, lower: null, upper: null, mcnemar_p: 0.04 },
    });
    const windows = async (query: string) => (await told(query)).map(({ window }) => window);
    assert.deepEqual(await windows('?window=1d'), ['1d']);
    assert.deepEqual(await windows('?model_version=shapes-1'), ['7d', '1d']);
    assert.deepEqual(await windows('?model_version=shapes-2&window=7d'), ['7d']);
    assert.deepEqual(await windows('?model_version=other'), []);
  });

  it('stand on the page of either version and of the window shown, with the interval and what it rests on', async () => {
    await save(two(), two({ window: '1d', differ: 3, selected: 2, labels: 1, difference: null }));
    const week = await page();
    for (const words of [
      'Two models on the same photos: the last 7 days',
      '<code>shapes-2</code> minus <code>shapes-1</code>',
      'Difference: +1.2 points (+0.2 to +2.1): higher',
      '<dt>Predictions that both answered</dt><dd>900</dd>',
      '<dd>45 (5.0 %)</dd>',
      '<dd>25 (30 selected)</dd>',
      'p = 0.040',
      'Only predictions that both answered count',
    ])
      assert.ok(week.includes(words), words);
    assert.match(
      await page('?window=1d'),
      /Too few labels: 1 of the 3 that differ[^<]* at most 0\.3 points either way/,
    );
  });

  it('are left out where their window is not set any more', async () => {
    await save(two(), two({ window: '1d' }));
    const changed = await startTestWeb({
      settings: { windows: ['1d'] },
      options: { store: web.store },
    });
    const { comparisons } = (await (await changed.get('/api/accuracy')).json()) as {
      comparisons: { window: string }[];
    };
    await changed.stop();
    assert.deepEqual(
      comparisons.map(({ window }) => window),
      ['1d'],
    );
  });

  it('are not spoken of where no second model answers', async () => {
    await save();
    assert.deepEqual(await told(), []);
    assert.doesNotMatch(await page(), /same photos/);
  });

  it('are kept with each prediction, for whoever runs the service', async () => {
    const id = await web.predict(await photo());
    const answerOf = async (): Promise<unknown> =>
      ((await (await web.get(`/api/predictions/${id}`, OPS)).json()) as { shadow_answer: unknown })
        .shadow_answer;
    assert.equal(await answerOf(), null);
    await web.store.recordShadowAnswer(
      {
        ...{ id: predictionId(id), modelVersion: NEW, predictedClass: 'square' },
        ...{ confidence: 0.6, at: web.time.now },
      },
      1000,
    );
    assert.deepEqual(await answerOf(), {
      ...{ model_version: 'shapes-2', prediction: 'square', probability: 0.6 },
      at: new Date(web.time.now).toISOString(),
    });
  });
});
