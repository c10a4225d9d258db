import assert from 'node:assert/strict';

import type { AccuracyEstimate } from '../../src/domain/estimate.ts';
import { modelVersion, predictionId } from '../../src/domain/ids.ts';
import { accuracyView } from '../../src/web/accuracy-view.ts';
import { estimate, unlabelled } from './estimates.ts';
import { photo } from './photos.ts';
import { INGEST, PAGE, startTestWeb, type TestWeb } from './start-test-web.ts';

describe('the accuracy', () => {
  let web: TestWeb;
  beforeEach(async () => {
    web = await startTestWeb();
  });
  afterEach(() => web.stop());

  async function save(...estimates: AccuracyEstimate[]): Promise<void> {
    const fence = await web.store.acquireLease('sync', 'test', web.time.now, 60_000);
    await web.store.saveEstimates(estimates, fence!);
  }
  const ask = async (query = ''): Promise<{ as_of: string | null; estimates: object[] }> =>
    (await (await web.get(`/api/accuracy${query}`)).json()) as never;

  it('is told to programs with everything that stands behind it, under fixed names', async () => {
    await save(estimate());
    assert.deepEqual(await ask(), {
      as_of: '2026-11-22T10:00:00.000Z',
      comparisons: [],
      estimates: [
        {
          model_version: 'shapes-1',
          window: '7d',
          from: '2026-11-15T10:00:00.000Z',
          to: '2026-11-22T10:00:00.000Z',
          predictions: 1200,
          selected: 240,
          labels: 214,
          effective_labels: 180.5,
          kish: 120.25,
          accuracy: 0.82,
          lower: 0.78,
          upper: 0.86,
          raw: 0.82,
          lambda: 0.5,
          coverage: 0.89,
          maturity: 0.92,
          reliable: true,
          method: 'difference',
          random: { accuracy: 0.8, lower: 0.72, upper: 0.88, labels: 130 },
          naive: 0.55,
          label_free: 0.84,
          evalue: 0.2,
          offline: 0.75,
          classes: [
            {
              class_name: 'circle',
              labels: 90,
              precision: { value: 0.9, lower: 0.8, upper: 0.95 },
              recall: { value: 0.85, lower: 0.75, upper: 0.92 },
              f1: { value: 0.87, lower: 0.8, upper: 0.93 },
            },
            { class_name: 'square', labels: 2, precision: null, recall: null, f1: null },
          ],
          as_of: '2026-11-22T10:00:00.000Z',
          skipped: 3,
          open: 23,
          bounds: { lower: 0.7, upper: 0.9 },
          disagrees: false,
          has_extreme_weights: false,
          label_free_calibrated: false,
          macro_f1: { value: 0.7, lower: 0.6, upper: 0.8, classes: 2 },
          segments: [
            {
              segment: 'north',
              predictions: 700,
              labels: 120,
              accuracy: { value: 0.83, lower: 0.75, upper: 0.89 },
            },
            { segment: 'south', predictions: 500, labels: 3, accuracy: null },
          ],
          confusion: estimate().confusion,
          calibration: {
            ...{ brier: 0.12, log_loss: 0.5, ece: 0.04, ece_debiased: 0.03, mce: 0.05 },
            temperature: 1.1,
            bins: [
              {
                ...{ from: 0.4, to: 0.5, share: 0.3, mean_confidence: 0.45 },
                accuracy: { value: 0.4, lower: 0.3, upper: 0.5 },
              },
              {
                ...{ from: 0.9, to: 0.95, share: 0.7, mean_confidence: 0.93 },
                accuracy: { value: 0.9, lower: 0.85, upper: 0.94 },
              },
            ],
          },
          feedback: {
            flag_precision: { value: 0.7, lower: 0.5, upper: 0.85 },
            flag_recall: { value: 0.3, lower: 0.2, upper: 0.45 },
            correction_right: null,
            counts: { flag: 25, correction: 6, confirmation: 80 },
          },
          responses: estimate().responses,
          agreement: 0.81,
        },
      ],
    });
  });

  it('is null where it is not defined, never 0', async () => {
    await save(unlabelled());
    const [told] = (await ask()).estimates as Record<string, unknown>[];
    const undefinedOnes = ['accuracy', 'lower', 'upper', 'naive', 'label_free', 'evalue', 'kish'];
    for (const name of [...undefinedOnes, 'bounds', 'macro_f1', 'calibration', 'agreement'])
      assert.equal(told![name], null, name);
    assert.deepEqual(told!['random'], { accuracy: null, lower: null, upper: null, labels: 0 });
  });

  it('has no date and no estimate before the first run', async () => {
    assert.deepEqual(await ask(), { as_of: null, comparisons: [], estimates: [] });
  });

  it('can be asked for by version and window', async () => {
    const other = modelVersion('shapes-0');
    await save(estimate(), estimate({ window: '1d' }), estimate({ modelVersion: other }));
    assert.equal((await ask()).estimates.length, 3);
    assert.equal((await ask('?window=7d')).estimates.length, 2);
    assert.equal((await ask('?window=7d&model_version=shapes-0')).estimates.length, 1);
    assert.equal((await ask('?window=2h')).estimates.length, 0);
  });

  it('gives the release test only to the version that it tested', async () => {
    await save(estimate({ modelVersion: modelVersion('shapes-0') }));
    assert.equal((await ask()).estimates.map((one) => (one as { offline: null }).offline)[0], null);
  });

  it('stands on a page: one sentence, and a table of windows from short to long', async () => {
    await web.predict(await photo());
    await save(
      estimate(),
      unlabelled({ window: '1h' }),
      estimate({ window: 'all', reliable: false }),
    );
    const html = (await (await web.get('/accuracy', PAGE)).text()).replaceAll('\u00a0', ' ');
    assert.match(
      html,
      /Between 78 % and 86 % of the answers of the last 7 days were right, from 214 labels; too early to tell for the last hour\./,
    );
    assert.match(html, /Before release, on held-out data: 75.0 % \(15 of 20; Shapes\)/);
    const rows = [...html.matchAll(/<th scope="row"><a[^>]*>([^<]+)/g)].map(([, window]) => window);
    assert.deepEqual(rows, ['the last hour', 'the last 7 days', 'all time']);
    for (const words of ['too few labels', 'preliminary', 'reliable', '78.0 to 86.0 %', '55.0 %'])
      assert.ok(html.includes(words), words);
  });

  it('leaves out windows that are not set any more, on the page and to programs', async () => {
    await web.predict(await photo());
    const longAgo = estimate().asOf - 90 * 86_400_000;
    await save(
      estimate({ asOf: longAgo, accuracy: 0.95, lower: 0.93, upper: 0.97 }),
      estimate({ window: '14d', accuracy: 0.6, lower: 0.55, upper: 0.65 }),
    );
    const changed = await startTestWeb({
      settings: { windows: ['14d'] },
      options: { store: web.store },
    });
    const html = (await (await changed.get('/accuracy', PAGE)).text()).replaceAll('\u00a0', ' ');
    const told = await (await changed.get('/api/accuracy')).json();
    await changed.stop();
    assert.match(html, /Between 55 % and 65 % of the answers of the last 14 days were right/);
    assert.doesNotMatch(html, /the last 7 days/);
    assert.deepEqual(
      (told as { estimates: { window: string }[] }).estimates.map(({ window }) => window),
      ['14d'],
    );
  });

  it('sets the shown version beside another one of choice, with what the difference may be', async () => {
    const page = async (query: string): Promise<string> =>
      (await (await web.get(`/accuracy${query}`, PAGE)).text()).replaceAll('\u00a0', ' ');
    await web.predict(await photo());
    await save(estimate());
    assert.doesNotMatch(await page(''), /Two model versions compared/);
    for (const [index, version] of ['shapes-0', 'shapes-00'].entries())
      await web.post(
        '/api/predictions',
        {
          ...{ image: (await photo()).toString('base64'), prediction: 'circle', probability: 0.7 },
          ...{ model_version: version, time: new Date(web.time.now - (1 + index) * 1000) },
        },
        INGEST,
      );
    await save(
      estimate({ modelVersion: modelVersion('shapes-0'), accuracy: 0.7, lower: 0.6, upper: 0.75 }),
      estimate({ modelVersion: modelVersion('shapes-00'), accuracy: 0.8, lower: 0.7, upper: 0.9 }),
    );
    assert.match(await page(''), /compared[^]*70\.0 %[^]*Difference: \+12\.0 points [^:]*: higher/);
    const asked = await page('?against=shapes-00');
    assert.match(asked, /<option selected>shapes-00/);
    assert.match(asked, /Difference: \+2\.0 points [^:]*: no difference can be told/);
  });

  it('goes into the version that has an estimate while the newest has none yet', async () => {
    await web.predict(await photo());
    web.time.now += 1000;
    const newest = { prediction: 'circle', probability: 0.9, model_version: 'shapes-2' };
    const image = (await photo()).toString('base64');
    await web.post('/api/predictions', { ...newest, image }, INGEST);
    await save(estimate());
    assert.match(await (await web.get('/accuracy', PAGE)).text(), /id="details"/);
  });

  it('shows the photos of the worst mistakes to whoever runs the service, and to nobody else', async () => {
    const id = predictionId(await web.predict(await photo()));
    const mistake = { predictionId: id, predictedClass: 'circle', confidence: 0.9 };
    await save(estimate({ mistakes: [{ ...mistake, trueClass: 'square' }] }));
    const here = await (await web.get('/accuracy', PAGE)).text();
    assert.match(here, new RegExp(`<img src="/images/${id}\\?[^>]*alt="Photo of square"`));
    const open = await startTestWeb({
      settings: { isAccuracyPublic: true },
      options: { store: web.store },
    });
    const far = { ...PAGE, 'X-Forwarded-For': '203.0.113.5' };
    const elsewhere = await (await open.get('/accuracy', far)).text();
    assert.ok(!elsewhere.includes('/images/'));
    assert.match(elsewhere, /shown to whoever runs the service/);
    await open.stop();
  });

  it('speaks of the version that has the newest traffic', () => {
    const [old, now] = [modelVersion('shapes-0'), modelVersion('shapes-1')];
    const both = [estimate({ modelVersion: old, labels: 77 }), estimate({ modelVersion: now })];
    const view = accuracyView(both, [now, old], []);
    assert.match(view.sentence, /^Model shapes-1: between .* from 214 labels/);
    assert.deepEqual(
      view.versions.map((one) => one.modelVersion),
      [now, old],
    );
  });

  it('names the version when there are several: the labels of another one are not denied', () => {
    const [old, now] = [modelVersion('shapes-0'), modelVersion('shapes-1')];
    const both = [
      unlabelled({ modelVersion: old, labels: 4 }),
      unlabelled({ modelVersion: now, labels: 0 }),
    ];
    assert.equal(
      accuracyView(both, [now, old], []).sentence,
      'Model shapes-1: too early to tell: no label has come in yet.',
    );
  });

  it('says so when an address names a window or a version that is not there', async () => {
    await web.predict(await photo());
    await save(estimate());
    const said = async (query: string): Promise<string> =>
      (await web.get(`/accuracy${query}`, PAGE)).text();
    assert.match(await said('?window=3w'), /no estimate of the window .* the last 7 days/);
    assert.match(await said('?window=3w&model_version=gone'), /the model version and window/);
    assert.doesNotMatch(await said('?window=7d&model_version=shapes-1'), /no estimate of the/);
  });

  it('says what comes next while there is no label, and not any more when there is one', async () => {
    const next = /<a href="\/label">Label<\/a> five of them/;
    assert.match(await (await web.get('/accuracy', PAGE)).text(), next);
    await web.predict(await photo());
    await save(estimate());
    assert.doesNotMatch(await (await web.get('/accuracy', PAGE)).text(), next);
  });

  it('says that it is too early, and what is missing', () => {
    const said = (...estimates: AccuracyEstimate[]): string =>
      accuracyView(estimates, [modelVersion('shapes-1')], []).sentence;
    assert.equal(said(), 'Too early to tell: no label has come in yet.');
    assert.equal(
      said(unlabelled({ labels: 3 })),
      'Too early to tell: 3 labels have come in, and an estimate needs at least 5.',
    );
    assert.equal(
      said(unlabelled({ labels: 0, method: 'random_part', coverage: 0.5 })),
      'Too early to tell: no label of the random part has come in yet.',
    );
    assert.equal(
      said(unlabelled({ labels: 1, method: 'random_part', coverage: 0.5 })),
      'Too early to tell: 1 label of the random part has come in, and an estimate needs at least 5.',
    );
    assert.match(said(estimate({ window: '1d', reliable: false })), /\(preliminary\)\.$/);
    assert.match(said(estimate({ window: 'all' })), /of all time/);
  });
});
