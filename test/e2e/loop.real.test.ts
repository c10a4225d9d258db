import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { type LabelStudioServer } from '../servers/label-studio.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { sharedLabelStudio } from '../servers/shared-label-studio.ts';
import { type Annotator, joinAsAnnotator } from './annotator.ts';
import {
  type ExportedTask,
  independentEstimate,
  type RecordedPrediction,
} from './independent-estimate.ts';

const photos = path.resolve(process.env['SHARED_DIR'] ?? '../shared', 'photos');
const PREFIX = 'E2E loop';
const KINDS = ['Random Sample', 'Low Confidence', 'Disputed'];

interface Photo {
  readonly bytes: Buffer;
  readonly trueClass: string;
}

interface LabelStudioTask {
  readonly id: number;
  readonly data: Readonly<Record<string, unknown>>;
}

const readPhotos = (): Photo[] =>
  readFileSync(path.join(photos, 'photos.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [, file = '', trueClass = ''] = line.split(',');
      return { bytes: readFileSync(path.join(photos, file)), trueClass };
    });

describe('the whole loop with the real Label Studio', function () {
  this.timeout(240_000);

  let labelStudio: LabelStudioServer;
  let product: Product;
  let annotators: readonly [Annotator, Annotator];
  let classes: readonly string[];
  const truth = new Map<string, string>();

  before(async () => {
    labelStudio = await sharedLabelStudio();
    // Before projects are made: Label Studio now and then gives no token to who signs up meanwhile.
    annotators = [
      await joinAsAnnotator(labelStudio.url, labelStudio.token, 'first@loop.example.com'),
      await joinAsAnnotator(labelStudio.url, labelStudio.token, 'second@loop.example.com'),
    ];
    product = await startProduct({
      LABEL_STUDIO_URL: labelStudio.url,
      LABEL_STUDIO_TOKEN: labelStudio.token,
      PROJECT_PREFIX: PREFIX,
      LABEL_BUDGET_PER_DAY: '44',
      PUSH_DELAY_SECONDS: '0',
    });
  });

  after(() => product.stop());

  const ops = (): Record<string, string> => ({
    Authorization: `Bearer ${product.secret('OPS_KEY')}`,
  });

  async function askJson<T>(url: string, init: RequestInit = {}): Promise<T> {
    const answer = await fetch(url, init);
    assert.ok(answer.ok, `${init.method ?? 'GET'} ${url}: ${answer.status}`);
    return (await answer.json()) as T;
  }

  const askLabelStudio = <T>(route: string): Promise<T> =>
    askJson<T>(`${labelStudio.url}${route}`, {
      headers: { Authorization: `Token ${labelStudio.token}` },
    });

  async function upload({ bytes, trueClass }: Photo): Promise<{ id: string; prediction: string }> {
    const form = new FormData();
    form.append('file', new Blob([new Uint8Array(bytes)]), 'photo.jpg');
    const answer = await askJson<{ id: string; prediction: string }>(`${product.webUrl}/predict`, {
      method: 'POST',
      body: form,
      headers: { Accept: 'application/json' },
    });
    truth.set(answer.id, trueClass);
    return answer;
  }

  async function report({ bytes, trueClass }: Photo, index: number): Promise<string> {
    const body = {
      image: bytes.toString('base64'),
      // Right four times out of five, and unsure about every third answer.
      prediction: index % 5 === 0 ? classes.find((name) => name !== trueClass) : trueClass,
      probability: index % 3 === 0 ? 0.4 : 0.7 + (index % 10) / 40,
      model_version: 'reported-1',
      time: new Date().toISOString(),
      external_id: `report-${index}`,
    };
    const { id } = await askJson<{ id: string }>(`${product.webUrl}/api/predictions`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${product.secret('INGEST_KEY')}`,
      },
    });
    truth.set(id, trueClass);
    return id;
  }

  const say = (route: string, body: object = {}, method = 'POST'): Promise<unknown> =>
    askJson(`${product.webUrl}${route}`, {
      method,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      ...(method === 'POST' ? { body: JSON.stringify(body) } : {}),
    });

  async function sync(): Promise<void> {
    const run = await product.sync();
    assert.equal(run['result'], 'success', JSON.stringify(run));
  }

  async function projects(): Promise<{ id: number; title: string }[]> {
    const { results } = await askLabelStudio<{ results: { id: number; title: string }[] }>(
      '/api/projects?page_size=100',
    );
    return results.filter(({ title }) => title.startsWith(PREFIX));
  }

  async function tasksOf(projectId: number): Promise<LabelStudioTask[]> {
    const { tasks } = await askLabelStudio<{ tasks: LabelStudioTask[] }>(
      `/api/tasks?project=${projectId}&page_size=500&fields=all`,
    );
    return tasks;
  }

  const recorded = (): Promise<RecordedPrediction[]> =>
    Promise.all(
      [...truth.keys()].map((id) =>
        askJson<RecordedPrediction>(`${product.webUrl}/api/predictions/${id}`, { headers: ops() }),
      ),
    );

  it('takes 60 uploads and reports, and what their users say', async () => {
    const all = readPhotos();
    const first = await upload(all[0]!);
    const record = await askJson<{ probabilities: Record<string, number> }>(
      `${product.webUrl}/api/predictions/${first.id}`,
      { headers: ops() },
    );
    classes = Object.keys(record.probabilities);
    assert.equal(classes.length, 11);
    const uploads = [first];
    for (const photo of all.slice(1, 36)) uploads.push(await upload(photo));
    for (const [index, photo] of all.slice(36, 60).entries()) await report(photo, index);
    assert.equal(await report(all[36]!, 0), [...truth.keys()][36], 'the same report twice is one');
    assert.equal(truth.size, 60);
    for (const { id } of uploads.slice(0, 6)) await say(`/flag/${id}`);
    await say(`/flag/${uploads[5]!.id}`, {}, 'DELETE');
    for (const { id, prediction } of uploads.slice(6, 9)) {
      const corrected = classes.find((name) => name !== prediction);
      await say(`/correct-label/${id}`, { corrected_class: corrected });
    }
    await say(`/correct-label/${uploads[9]!.id}`, { corrected_class: uploads[9]!.prediction });
    for (const { id } of uploads.slice(10, 13)) await say(`/confirm/${id}`);
  });

  it('gives every selected prediction exactly one task, which does not give the answer away', async () => {
    await sync();
    const before = await recorded();
    const unselected = before.filter(({ decision }) => !decision.is_selected);
    assert.ok(unselected.length > 0, 'a spent budget leaves some unselected');
    for (const { id } of unselected.slice(0, 3)) await say(`/flag/${id}`);
    await sync();
    await sync();

    const made = await projects();
    assert.deepEqual(
      made.map(({ title }) => title).sort(),
      KINDS.map((kind) => `${PREFIX} ${kind}`).sort(),
    );
    const tasks = (await Promise.all(made.map(({ id }) => tasksOf(id)))).flat();
    const selected = (await recorded()).filter(({ decision }) => decision.is_selected);
    assert.deepEqual(
      tasks.map(({ data }) => data['prediction_id']).sort(),
      selected.map(({ id }) => id).sort(),
    );
    for (const { data } of tasks)
      assert.deepEqual(Object.keys(data).sort(), ['image', 'prediction_id']);
    for (const { id, title } of made) {
      assert.ok((await tasksOf(id)).length > 0, `${title} has tasks`);
    }
    const random = made.find(({ title }) => title.endsWith('Random Sample'))!;
    const { show_collab_predictions: isShown } = await askLabelStudio<Record<string, unknown>>(
      `/api/projects/${random.id}`,
    );
    assert.equal(isShown, false);
    const image = await fetch(String(tasks[0]!.data['image']), {
      headers: { Origin: labelStudio.url.replace('localhost', '127.0.0.1') },
    });
    assert.equal(image.status, 200);
    assert.equal(image.headers.get('content-type'), 'image/jpeg');
  });

  it('takes what two annotators say, change, skip and delete', async () => {
    const tasks = (await Promise.all((await projects()).map(({ id }) => tasksOf(id)))).flat();
    const [first, second] = annotators;
    const trueClassOf = (task: LabelStudioTask): string =>
      truth.get(String(task.data['prediction_id']))!;
    const otherThan = (name: string): string => classes.find((other) => other !== name)!;
    const made: number[] = [];
    for (const [index, task] of tasks.slice(0, -3).entries()) {
      const trueClass = trueClassOf(task);
      const choices =
        index === 1
          ? null
          : index === 2
            ? ['None of these']
            : index === 3
              ? ['no such class']
              : index === 4
                ? [trueClass, otherThan(trueClass)]
                : [trueClass];
      made.push(await first.annotate(task.id, choices));
    }
    // Edited, deleted, agreed on, and disputed between the two.
    await first.edit(made[5]!, [otherThan(trueClassOf(tasks[5]!))]);
    await first.remove(made[6]!);
    await second.annotate(tasks[7]!.id, [trueClassOf(tasks[7]!)]);
    await second.annotate(tasks[8]!.id, [otherThan(trueClassOf(tasks[8]!))]);
    await sync();
  });

  it('computes what an independent computation from the export gives', async () => {
    const exported = (
      await Promise.all(
        (await projects()).map(({ id }) =>
          askLabelStudio<ExportedTask[]>(
            `/api/projects/${id}/export?exportType=JSON&download_all_tasks=true`,
          ),
        ),
      )
    ).flat();
    const all = await recorded();
    const { estimates } = await askJson<{ estimates: Record<string, unknown>[] }>(
      `${product.webUrl}/api/accuracy`,
    );
    const versions = [...new Set(all.map(({ model_version: version }) => version))];
    assert.equal(versions.length, 2);
    for (const version of versions) {
      const expected = independentEstimate(
        all.filter((prediction) => prediction.model_version === version),
        exported,
        classes,
      );
      const ours = estimates.filter((estimate) => estimate['model_version'] === version);
      assert.deepEqual(ours.map(({ window }) => window).sort(), ['1d', '1h', '30d', '7d', 'all']);
      for (const estimate of ours) assertSame(estimate, expected);
      await assertExposed(version, expected);
    }
  });

  function assertSame(
    estimate: Readonly<Record<string, unknown>>,
    expected: ReturnType<typeof independentEstimate>,
  ): void {
    const said = JSON.stringify(estimate);
    const near = (name: string, want: number, tolerance = 1e-9): void => {
      assert.ok(
        Math.abs(Number(estimate[name]) - want) <= tolerance,
        `${name} should be ${want}: ${said}`,
      );
    };
    near('labels', expected.labels);
    near('accuracy', expected.accuracy);
    near('lambda', expected.lambda);
    near('maturity', expected.maturity);
    near('naive', expected.naive);
    near('lower', expected.lower);
    near('upper', expected.upper);
    const random = estimate['random'] as { accuracy: number | null; labels: number };
    if (expected.random === null) {
      assert.equal(random.accuracy, null);
    } else {
      assert.equal(random.labels, expected.random.labels);
      assert.ok(Math.abs(random.accuracy! - expected.random.accuracy) < 1e-9, said);
    }
  }

  async function assertExposed(
    version: string,
    expected: ReturnType<typeof independentEstimate>,
  ): Promise<void> {
    const text = await (await fetch(`${product.syncUrl}/metrics`)).text();
    const line = text
      .split('\n')
      .find(
        (candidate) =>
          candidate.startsWith('truthloop_accuracy_ratio{') &&
          candidate.includes(`"${version}"`) &&
          candidate.includes('"7d"'),
      );
    assert.ok(line, 'the accuracy is exposed');
    assert.ok(Math.abs(Number(line.split(' ').at(-1)) - expected.accuracy) < 1e-9, line);
  }
});
