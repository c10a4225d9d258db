import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

import { DEMO_MODEL, demoModel } from '../servers/demo-model.ts';
import type { LabelStudioServer } from '../servers/label-studio.ts';
import { exchanged, mixUpModel } from '../servers/mixed-up-model.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { temporaryFolder } from '../servers/server.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { photoForm } from '../web/start-test-web.ts';
import { type Annotator, joinAsAnnotator } from './annotator.ts';

const PHOTOS = path.resolve(process.env['SHARED_DIR'] ?? '../shared', 'photos');
const PREFIX = 'E2E shadow';
const SHADOW = 'exchanged';
/** The two classes that the second model takes for each other: the most frequent ones. */
const PAIR = ['Dessert', 'Vegetable/Fruit'] as const;

interface Answer {
  readonly id: string;
  readonly prediction: string;
  readonly model_version: string;
}
interface Recorded extends Omit<Answer, 'id'> {
  readonly is_disputed: boolean;
  readonly shadow_answer: { readonly prediction: string; readonly model_version: string } | null;
  readonly decision: { readonly is_selected: boolean } | null;
  readonly task: { readonly project: string; readonly task_id: number } | null;
}

describe('a second model on the same photos, with the real Label Studio', function () {
  this.timeout(300_000);
  let folder: string;
  let labelStudio: LabelStudioServer;
  let annotator: Annotator;
  let product: Product;
  let main: string;
  const truth = new Map<string, string>();
  const answers: Answer[] = [];
  const records = new Map<string, Recorded>();

  before(async () => {
    main = (await demoModel()).version;
    folder = temporaryFolder('shadow');
    const shadowDir = path.join(folder, 'model');
    mkdirSync(shadowDir);
    mixUpModel(DEMO_MODEL, shadowDir, SHADOW, exchanged(...PAIR));
    labelStudio = await sharedLabelStudio();
    annotator = await joinAsAnnotator(labelStudio.url, labelStudio.token, 'one@shadow.example.com');
    product = await startProduct({
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_TOKEN: labelStudio.token,
      PROJECT_PREFIX: PREFIX,
      PUSH_DELAY_SECONDS: '0',
      SHADOW_MODEL_DIR: shadowDir,
      CANARY_SHARE: '0.15',
      WINDOWS: 'all',
    });
  });
  after(async () => {
    await product.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function askJson<T>(url: string, init: RequestInit = {}): Promise<T> {
    const answer = await fetch(url, init);
    assert.ok(answer.ok, `${init.method ?? 'GET'} ${url}: ${answer.status}`);
    return (await answer.json()) as T;
  }
  const askWeb = <T>(route: string): Promise<T> =>
    askJson<T>(product.webUrl + route, {
      headers: { Authorization: `Bearer ${product.secret('OPS_KEY')}` },
    });
  const askLabelStudio = <T>(route: string): Promise<T> =>
    askJson<T>(labelStudio.url + route, {
      headers: { Authorization: `Token ${labelStudio.token}` },
    });
  const series = async (url: string, name: string): Promise<number> => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1));
  };
  const shadowAnswers = (result: string): Promise<number> =>
    series(product.webUrl, `truthloop_shadow_answers_total{result="${result}"}`);
  const sync = async (): Promise<void> => {
    const run = await product.sync();
    assert.equal(run['result'], 'success', JSON.stringify(run));
  };
  const isInPair = (name: string): boolean => (PAIR as readonly string[]).includes(name);
  const differing = (): [string, Recorded][] =>
    [...records].filter(([, { prediction }]) => isInPair(prediction));

  it('is asked about every photo, and what it says is recorded beside the answer', async () => {
    const lines = readFileSync(path.join(PHOTOS, 'photos.csv'), 'utf8').trim().split('\n').slice(1);
    for (const line of lines) {
      const [, file = '', trueClass = ''] = line.split(',');
      const answer = await askJson<Answer>(`${product.webUrl}/predict`, {
        method: 'POST',
        body: photoForm(readFileSync(path.join(PHOTOS, file))),
        headers: { Accept: 'application/json' },
      });
      answers.push(answer);
      truth.set(answer.id, trueClass);
      // A loaded machine may drop some: this one asks about each.
      while ((await shadowAnswers('recorded')) < answers.length) {
        assert.equal(await shadowAnswers('failed'), 0);
        assert.equal(await shadowAnswers('dropped'), 0);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    for (const { id, prediction, model_version } of answers) {
      const record = await askWeb<Recorded>(`/api/predictions/${id}`);
      records.set(id, record);
      assert.deepEqual([record.prediction, record.model_version], [prediction, model_version]);
      const other = exchanged(...PAIR)([prediction])[0];
      assert.deepEqual(
        [record.shadow_answer?.prediction, record.shadow_answer?.model_version],
        [other, model_version === main ? SHADOW : main],
      );
    }
  });

  it('answers its share as the canary, recorded under its own version', async () => {
    const served = answers.filter(({ model_version }) => model_version === SHADOW).length;
    const counted = 'truthloop_canary_answers_total{result="served"}';
    assert.equal(served, await series(product.webUrl, counted));
    assert.ok(served > 0 && served < answers.length / 2, `${served} of ${answers.length}`);
  });

  it('puts the photos about which the two differ before people, in the project Disputed', async () => {
    await sync();
    for (const [id] of records) records.set(id, await askWeb<Recorded>(`/api/predictions/${id}`));
    for (const [id, record] of records)
      assert.equal(record.is_disputed, isInPair(record.prediction), id);
    assert.ok(
      differing().every(
        ([, { decision, task }]) => decision?.is_selected === true && task !== null,
      ),
      'each of few is labelled',
    );
    const { results } = await askLabelStudio<{ results: { id: number; title: string }[] }>(
      '/api/projects?page_size=100',
    );
    const disputed = results.find(({ title }) => title === `${PREFIX} Disputed`);
    const { tasks } = await askLabelStudio<{ tasks: { data: { prediction_id: string } }[] }>(
      `/api/tasks?project=${disputed?.id ?? 0}&page_size=500&fields=all`,
    );
    const expected = differing().filter(([, { task }]) => task?.project === 'disputed');
    assert.ok(expected.length > 0);
    assert.deepEqual(
      tasks.map(({ data }) => data.prediction_id).sort(),
      expected.map(([id]) => id).sort(),
    );
    const selected = 'truthloop_tasks_selected_total{reason="models_differ"}';
    assert.ok((await series(product.syncUrl, selected)) >= expected.length);
    assert.equal(
      await series(product.syncUrl, 'truthloop_tasks_selected_total{reason="disputed"}'),
      0,
    );
    console.log(
      `    ${answers.length} photos, the models differ about ${differing().length}, ${tasks.length} of them in Disputed`,
    );
  });

  it('is compared with the other by the labels of these, and is found worse', async () => {
    for (const [id, { task }] of differing())
      await annotator.annotate(task?.task_id ?? 0, [truth.get(id) ?? '']);
    await sync();
    const { comparisons } = await askWeb<{ comparisons: Record<string, number | string>[] }>(
      '/api/accuracy',
    );
    assert.equal(comparisons.length, 1);
    const [found] = comparisons;
    const right = (version: string): number =>
      differing().filter(([id, { prediction, model_version, shadow_answer }]) => {
        const said = model_version === version ? prediction : shadow_answer?.prediction;
        return said === truth.get(id);
      }).length;
    assert.deepEqual(
      [found?.['predictions'], found?.['differ'], found?.['labels']],
      [answers.length, differing().length, differing().length],
    );
    // All that differ are labelled: what is left is arithmetic.
    const versions = [found?.['model_version'], found?.['baseline_version']].map(String);
    const [one = 0, other = 0] = versions.map(right);
    assert.ok(Math.abs(Number(found?.['difference']) - (one - other) / answers.length) < 1e-9);
    assert.ok(right(SHADOW) < right(main));
  });
});
