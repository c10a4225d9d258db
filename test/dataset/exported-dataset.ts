import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import sharp from 'sharp';

import { exportDataset } from '../../scripts/export/dataset.ts';
import { createChance } from '../../scripts/simulate/chance.ts';
import { type ReportingService, startReportingService } from '../operate/reporting-service.ts';
import { labelTasks, tasksOf } from '../support/label-tasks.ts';
import { runScript } from '../support/run-script.ts';

const PREFIX = 'Dataset';

/** A picture like no other. */
function picture(seed: number): Promise<Buffer> {
  const chance = createChance(seed);
  const patches = Uint8Array.from({ length: 12 * 10 * 3 }, () =>
    Math.floor(256 * chance.uniform()),
  );
  return sharp(patches, { raw: { width: 12, height: 10, channels: 3 } })
    .resize(240, 200, { fit: 'fill', kernel: 'cubic' })
    .jpeg()
    .toBuffer();
}

/**
 * Exports beside the running program, over given stores.
 * @param open starts what is needed @returns the settings that name it
 */
export function describeExportedDataset(
  name: string,
  open: () => Promise<Readonly<Record<string, string>>>,
): void {
  describe(`npm run export -- dataset over ${name}`, function () {
    this.timeout(120_000);
    let service: ReportingService;
    const ids: string[] = [];

    before(async () => {
      const settings = { PROJECT_PREFIX: PREFIX, WINDOWS: '30d,all', ...(await open()) };
      service = await startReportingService(settings, ['scratch', 'dent', 'no damage']);
      for (let index = 0; index < 6; index += 1) ids.push(await report(index));
      await say(`/correct-label/${ids[5] ?? ''}`, { corrected_class: 'dent' });
      await service.product.sync();
      await labelTasks(
        service.labelStudio,
        PREFIX,
        (id) => ['scratch', 'dent', 'None of these'][ids.indexOf(id)],
      );
      await service.product.sync();
    });
    after(() => service.close());

    const report = async (index: number): Promise<string> =>
      service.reportOne(await picture(index + 1), {
        prediction: 'scratch',
        probability: 0.5 + index / 20,
        model_version: 'panels-7',
      });

    async function say(route: string, body: object): Promise<void> {
      const answer = await fetch(service.product.webUrl + route, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        body: JSON.stringify(body),
      });
      assert.ok(answer.ok, `${route}: ${answer.status}`);
    }

    const exportTo = (...args: string[]): ReturnType<typeof runScript> =>
      runScript('export.ts', ['dataset', ...args], service.env);
    const manifest = (out: string): { prediction_id: string; file: string; bucket: string }[] =>
      readFileSync(path.join(out, 'manifest.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { prediction_id: string; file: string; bucket: string });

    it('writes what was labelled, while the program runs, and says what it left out', async () => {
      const out = path.join(service.folder, 'first');
      const said = await exportTo('--out', out);
      assert.equal(said.code, 0, said.stderr);
      assert.match(said.stdout, /clean +2 in 2 classes/);
      assert.match(said.stdout, /noisy +1 in 1 classes/);
      assert.match(said.stdout, /left out +1 none of these, 2 unlabelled|2 unlabelled, 1 none of/);
      for (const { file } of manifest(out)) assert.ok(existsSync(path.join(out, file)), file);
      assert.deepEqual(
        manifest(out)
          .map(({ prediction_id: id, bucket }) => `${ids.indexOf(id)} ${bucket}`)
          .sort(),
        ['0 clean', '1 clean', '5 noisy'],
      );
    });

    it('gives the same rows over HTTP, each with an image, to whoever has the key', async () => {
      const answer = await ask('/api/dataset?window=30d');
      const rows = (await answer.text()).trim().split('\n');
      const told = rows.map(
        (line) => JSON.parse(line) as { prediction_id: string; bucket: string; image_url: string },
      );
      assert.deepEqual(
        told.map(({ prediction_id: id, bucket }) => `${ids.indexOf(id)} ${bucket}`).sort(),
        ['0 clean', '1 clean', '5 noisy'],
      );
      const { image_url: image = '' } = told[0] ?? {};
      const local = image.replace(/^https?:\/\/[^/]+/, service.product.webUrl);
      assert.equal((await fetch(local)).status, 200);
      assert.equal((await fetch(`${service.product.webUrl}/api/dataset`)).status, 401);
      assert.equal((await ask('/api/dataset?window=never')).status, 422);
    });

    it('a deleted prediction is gone: image, task, feedback, later exports; and no estimate moves', async () => {
      const [erased = '', alsoErased = ''] = [ids[0], ids[5]];
      const image = await imageOf(erased);
      const before = await accuracy();
      for (const id of [erased, alsoErased])
        assert.equal((await ask(`/api/predictions/${id}`, 'DELETE')).status, 204);
      await service.product.sync();
      assert.equal((await ask(`/api/predictions/${erased}`)).status, 404);
      assert.equal((await fetch(image)).status, 404);
      assert.ok(
        (await tasksOf(service.labelStudio, PREFIX)).every(
          ({ data }) => data.prediction_id !== erased,
        ),
      );
      assert.deepEqual(await accuracy(), before);

      const out = path.join(service.folder, 'first');
      const old = manifest(out).find(({ prediction_id: id }) => id === erased);
      const updated = await exportTo('--update', out);
      assert.match(updated.stdout, /^2 removed/, updated.stderr);
      assert.ok(old !== undefined && !existsSync(path.join(out, old.file)));
      const later = path.join(service.folder, 'later');
      assert.equal((await exportTo('--out', later, '--window', 'all')).code, 0);
      for (const made of [out, later])
        assert.deepEqual(
          manifest(made).map(({ prediction_id: id }) => ids.indexOf(id)),
          [1],
        );
    });

    it('says what is wrong with what was typed, without a stack', async () => {
      const there = await exportTo('--out', path.join(service.folder, 'later'));
      assert.equal(there.code, 2);
      assert.match(there.stderr, /is there already/);
      assert.doesNotMatch(there.stderr, /\n +at /);
      for (const [args, fault] of [
        [[], /--out is missing/],
        [['--out', 'x', '--window', 'yesterday'], /--window yesterday: expected/],
        [['--out', 'x', '--folders', 'red'], /--folders red: expected/],
        [['--colour', 'red'], /colour/],
      ] as const)
        await assert.rejects(exportDataset(args), fault);
    });

    const ask = (route: string, method?: string): Promise<Response> =>
      service.ops(service.product.webUrl + route, method);

    async function imageOf(id: string): Promise<string> {
      const { image_url: url } = (await (await ask(`/api/predictions/${id}`)).json()) as {
        image_url: string;
      };
      const local = url.replace(/^https?:\/\/[^/]+/, service.product.webUrl);
      assert.equal((await fetch(local)).status, 200);
      return local;
    }

    async function accuracy(): Promise<object> {
      const answer = await ask('/api/accuracy?window=all');
      const { estimates } = (await answer.json()) as { estimates: Record<string, unknown>[] };
      const { labels, selected, predictions, maturity, naive } = estimates[0] ?? {};
      return { labels, selected, predictions, maturity, naive };
    }
  });
}
