import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import sharp from 'sharp';

import { peopleOf } from '../fakes/label-studio-people.ts';
import { type Product, startProduct } from '../servers/product.ts';

const CLASSES = ['scratch', 'dent', 'no damage'];
const REPORTS = 12;

export interface LabelStudioAt {
  readonly url: string;
  readonly token: string;
}

interface ListedTask {
  readonly id: number;
  readonly data: { readonly prediction_id: string };
}

/** Runs the loop without any model of ours: three made-up classes, predictions of another service. */
export function describeReportedLoop(name: string, open: () => Promise<LabelStudioAt>): void {
  describe(`measuring another service's model with ${name}`, function () {
    this.timeout(240_000);
    let labelStudio: LabelStudioAt;
    let product: Product;
    let folder: string;
    const ids: string[] = [];

    before(async () => {
      labelStudio = await open();
      folder = mkdtempSync(path.join(tmpdir(), 'truthloop-classes-'));
      const classesFile = path.join(folder, 'classes.txt');
      writeFileSync(classesFile, CLASSES.join('\n'));
      product = await startProduct({
        ROLES: 'web,sync',
        CLASSES_FILE: classesFile,
        LABEL_STUDIO_URL: labelStudio.url,
        LABEL_STUDIO_TOKEN: labelStudio.token,
        PROJECT_PREFIX: 'Car panels',
        PUSH_DELAY_SECONDS: '0',
      });
    });

    after(async () => {
      await product.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    it('takes reports, the same one twice as one, and says what is wrong with others', async () => {
      const picture = await sharp({
        create: { width: 40, height: 30, channels: 3, background: '#777' },
      })
        .png()
        .toBuffer();
      const report = (index: number, changes: object = {}): Promise<Response> =>
        fetch(`${product.webUrl}/api/predictions`, {
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            Authorization: `Bearer ${product.secret('INGEST_KEY')}`,
          },
          body: JSON.stringify({
            image: picture.toString('base64'),
            prediction: CLASSES[index % 3],
            probability: 0.5 + index / 30,
            model_version: 'panels-7',
            external_id: `panel-${index}`,
            ...changes,
          }),
        });
      for (let index = 0; index < REPORTS; index += 1) {
        const answer = await report(index);
        assert.ok(answer.ok, await answer.clone().text());
        ids.push(((await answer.json()) as { id: string }).id);
      }
      const again = (await (await report(0)).json()) as { id: string };
      assert.equal(again.id, ids[0]);
      assert.equal((await report(99, { prediction: 'Bread' })).status, 422);
      assert.equal((await report(99, { time: '2001-01-01T00:00:00Z' })).status, 422);
      const stranger = await fetch(`${product.webUrl}/api/predictions`, { method: 'POST' });
      assert.equal(stranger.status, 401);
    });

    it('brings them to people, and their labels back as an accuracy, without a word of food', async () => {
      assert.equal((await product.sync())['result'], 'success');
      const tasks = await tasksNow();
      assert.deepEqual(tasks.map(({ data }) => data.prediction_id).sort(), [...ids].sort());
      const people = peopleOf(labelStudio.url, labelStudio.token);
      for (const { id, data } of tasks) {
        const index = ids.indexOf(data.prediction_id);
        // Every fourth answer was wrong.
        const trueClass = CLASSES[(index + (index % 4 === 0 ? 1 : 0)) % 3] ?? '';
        await people.annotate(id, [trueClass]);
      }
      assert.equal((await product.sync())['result'], 'success');
      const answer = await fetch(`${product.webUrl}/api/accuracy?window=all`);
      const { estimates } = (await answer.json()) as { estimates: Record<string, unknown>[] };
      assert.equal(estimates.length, 1);
      const estimate = estimates[0] ?? {};
      assert.equal(estimate['labels'], REPORTS);
      // All were labelled: the accuracy is exact.
      assert.equal(estimate['accuracy'], 0.75);
      assert.equal(estimate['lower'], 0.75);
      for (const page of ['/', '/accuracy']) {
        const html = await (await fetch(product.webUrl + page)).text();
        assert.doesNotMatch(html, /food|Bread|Dessert/i);
      }
    });

    async function tasksNow(): Promise<ListedTask[]> {
      const headers = { Authorization: `Token ${labelStudio.token}` };
      const ask = async (route: string): Promise<unknown> =>
        (await fetch(labelStudio.url + route, { headers })).json();
      const { results } = (await ask('/api/projects?page_size=100')) as {
        results: { id: number; title: string }[];
      };
      const ours = results.filter(({ title }) => title.startsWith('Car panels'));
      const pages = await Promise.all(
        ours.map(({ id }) => ask(`/api/tasks?project=${id}&page_size=100&fields=all`)),
      );
      return pages.flatMap((page) => (page as { tasks?: ListedTask[] }).tasks ?? []);
    }
  });
}
