import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

import sharp from 'sharp';

import { createChance } from '../../scripts/simulate/chance.ts';
import { freePort } from '../../scripts/start/ports.mjs';
import { type StartedProcess, startProcess } from '../../scripts/start/process.mjs';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { createLog } from '../../src/adapters/system/create-log.ts';
import {
  type ExportedTask,
  independentEstimate,
  type RecordedPrediction,
} from '../e2e/independent-estimate.ts';
import { labelTasks, tasksOf } from '../support/label-tasks.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const ROWS = 200;
const SAID_WITHIN_MS = 240_000;
const BUDGET = 60;
const CLASSES = ['scratch', 'dent', 'rust', 'no damage'];

interface LabelStudioAddress {
  readonly url: string;
  readonly token: string;
}

interface Row {
  readonly file: string;
  readonly said: string;
  readonly trueClass: string;
  readonly confidence: number;
  readonly time: string;
}

/** What a model logged on one day, with the truth that the log does not tell. */
function makeLog(): readonly Row[] {
  const chance = createChance(7);
  const anyClass = (): string => CLASSES[Math.floor(chance.uniform() * CLASSES.length)] ?? '';
  return Array.from({ length: ROWS }, (_, index) => {
    const confidence = 0.4 + 0.6 * chance.uniform();
    const said = anyClass();
    // As right as it is sure, less a tenth.
    const isRight = chance.uniform() < confidence - 0.1;
    const trueClass = isRight ? said : (CLASSES.find((name) => name !== said) ?? '');
    const time = new Date(Date.UTC(2026, 8, 14, 0, 7 * index)).toISOString();
    return { file: `part-${index}.jpg`, said, trueClass, confidence, time };
  });
}

/**
 * An audit as a person runs it, over a given Label Studio.
 * @param open @returns where it is
 */
export function describeAudit(name: string, open: () => Promise<LabelStudioAddress>): void {
  describe(`npm run audit over ${name}`, function () {
    this.timeout(300_000);
    const log = makeLog();
    const accuracy = log.filter(({ said, trueClass }) => said === trueClass).length / ROWS;
    let folder: string;
    let labelStudio: LabelStudioAddress;
    let port: number;
    let command: StartedProcess;
    /** Prediction -> image, from the first run's records. */
    let images: ReadonlyMap<string, string>;
    let drawn: readonly string[];

    before(async function () {
      this.timeout(1_200_000);
      labelStudio = await open();
      port = await freePort();
      folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-audit-'));
      mkdirSync(path.join(folder, 'images'));
      for (const [index, { file }] of log.entries()) await drawPicture(file, index);
      const rows = log.map(({ file, said, confidence, time }) =>
        [`s3://parts/2026/${file}`, said, confidence, time].join(','),
      );
      writeFileSync(
        path.join(folder, 'parts.csv'),
        ['File,Prediction,Score,Timestamp', ...rows, ''].join('\r\n'),
      );
    });
    after(async () => {
      await command.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    function drawPicture(file: string, index: number): Promise<unknown> {
      const background = { r: index, g: 255 - index, b: 60 };
      return sharp({ create: { width: 48, height: 40, channels: 3, background } })
        .jpeg()
        .toFile(path.join(folder, 'images', file));
    }

    function start(): void {
      command = startProcess({
        name: 'npm run audit',
        command: process.execPath,
        args: [
          ...['--import', 'tsx', path.join(ROOT, 'scripts/audit.ts')],
          ...[path.join(folder, 'parts.csv'), '--images', path.join(folder, 'images')],
          ...['--budget', String(BUDGET), '--model-version', 'parts-4', '--port', String(port)],
          '--json',
        ],
        env: {
          PATH: process.env['PATH'],
          HOME: process.env['HOME'],
          DATA_DIR: path.join(folder, 'data'),
          LABEL_STUDIO_URL: labelStudio.url,
          LABEL_STUDIO_TOKEN: labelStudio.token,
        },
        logFile: path.join(folder, 'audit.log'),
        cwd: ROOT,
      });
    }

    /** Waits until the command has said something. The deadline only bounds a failure. */
    async function said(words: RegExp): Promise<void> {
      const deadline = Date.now() + SAID_WITHIN_MS;
      while (!words.test(command.tail(50))) {
        assert.ok(command.isRunning(), `it ended: ${command.tail(50)}`);
        assert.ok(Date.now() < deadline, `it did not say ${words}: ${command.tail(50)}`);
        await setTimeout(100);
      }
    }

    async function readRecords<Result>(
      read: (store: Awaited<ReturnType<typeof openSqliteStore>>) => Promise<Result>,
    ): Promise<Result> {
      const store = await openSqliteStore({
        path: path.join(folder, 'data/audits/parts/truthloop.sqlite'),
        log: createLog('silent'),
      });
      try {
        return await read(store);
      } finally {
        await store.close();
      }
    }

    /** Each prediction with the row that it came from. */
    const recorded = (): Promise<readonly (RecordedPrediction & { readonly row: Row })[]> =>
      readRecords(async (store) => {
        const all = [];
        for await (const page of store.recordsBetween(0, Date.now()))
          for (const { prediction } of page) {
            const { id, modelVersion, predictedClass, confidence, decision } = prediction;
            assert.ok(decision !== null);
            // The first line is the header.
            const row = log[Number(prediction.externalId) - 2];
            assert.ok(row !== undefined);
            all.push({
              ...{ id, model_version: modelVersion, prediction: predictedClass, row },
              ...{ probability: confidence, is_low_confidence: false, is_disputed: false },
              decision: {
                ...{ pi: decision.pi, q: decision.q },
                ...{ is_selected: decision.isSelected, is_random: decision.isRandom },
              },
            });
          }
        return all;
      });

    const idsInProject = async (): Promise<string[]> =>
      (await tasksOf(labelStudio, 'parts ')).map(({ data }) => data.prediction_id).sort();

    /** Answers as many open tasks as asked. */
    function label(most: number): Promise<number> {
      let left = most;
      return labelTasks(labelStudio, 'parts ', (id) => {
        if (left === 0) return undefined;
        left -= 1;
        return log.find(({ file }) => file === images.get(id))?.trueClass;
      });
    }

    it('draws its budget, makes the tasks in one project of its own and serves their pictures', async () => {
      start();
      await said(/no accuracy from fewer than 5 labels/);
      drawn = await idsInProject();
      assert.deepEqual([drawn.length, new Set(drawn).size], [BUDGET, BUDGET]);
      const titles = ((await ask('/api/projects?page_size=100')) as Projects).results.map(
        ({ title }) => title,
      );
      assert.deepEqual(
        titles.filter((title) => title.startsWith('parts ')),
        ['parts Audit'],
      );
      const [task] = await tasksOf(labelStudio, 'parts ');
      const picture = await fetch(String((task?.data as { image?: string } | undefined)?.image));
      assert.deepEqual([picture.status, picture.headers.get('content-type')], [200, 'image/jpeg']);
      assert.match(command.tail(50), /The classes are those that the log names: dent, no damage/);
    });

    it('killed while people label, it goes on: no task twice, no second sample', async () => {
      command.kill();
      await command.exited;
      const records = await recorded();
      images = new Map(records.map(({ id, row }) => [id, row.file]));
      start();
      await said(/0 of 60 labelled/);
      assert.equal(await label(25), 25);
      await said(/25 of 60 labelled; accuracy/);
      command.kill();
      await command.exited;
      assert.equal(await label(10), 10, 'people go on labelling what they see');
      start();
      await said(/35 of 60 labelled; accuracy/);
      assert.deepEqual(await idsInProject(), drawn);
    });

    it('ends when everything is labelled, with the accuracy that an independent computation gives', async () => {
      assert.equal(await label(BUDGET), BUDGET - 35);
      assert.equal((await command.exited).code, 0, command.tail(50));
      const [estimate] = (
        JSON.parse(command.tail(1)) as { estimates: Readonly<Record<string, number>>[] }
      ).estimates;
      const told = JSON.stringify(estimate);
      assert.ok(estimate !== undefined);
      const records = await recorded();
      assert.equal(records.length, ROWS);
      const expected = independentEstimate(records, await exported(), CLASSES);
      assert.deepEqual([estimate['predictions'], estimate['labels']], [ROWS, BUDGET]);
      for (const figure of ['accuracy', 'lower', 'upper', 'lambda', 'maturity'] as const)
        assert.ok(
          Math.abs(Number(estimate[figure]) - expected[figure]) < 1e-9,
          `${figure} ${told}`,
        );
      // A 95 % interval misses once in twenty runs; one of twice the width once in ten thousand.
      const [lower, upper] = [Number(estimate['lower']), Number(estimate['upper'])];
      const room = (upper - lower) / 2;
      assert.ok(lower - room <= accuracy && accuracy <= upper + room, `${accuracy} ${told}`);
    });

    it('finished, it says the same again and asks for nothing', async () => {
      const before = command.tail(1);
      start();
      assert.equal((await command.exited).code, 0, command.tail(50));
      const figures = (text: string): unknown =>
        (JSON.parse(text) as { estimates: { accuracy: number; upper: number }[] }).estimates.map(
          ({ accuracy: value, upper }) => [value, upper],
        );
      assert.deepEqual(figures(command.tail(1)), figures(before));
      assert.deepEqual(await idsInProject(), drawn);
    });

    it('refuses to go on with another log: a second sample would be drawn', async () => {
      const file = path.join(folder, 'parts.csv');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace('0.', '0.0'));
      start();
      assert.equal((await command.exited).code, 2);
      assert.match(command.tail(3), /The audit "parts" began with another log .* --name/);
      writeFileSync(file, text);
    });

    type Projects = { results: { id: number; title: string }[] };
    const ask = async (route: string): Promise<unknown> =>
      (
        await fetch(labelStudio.url + route, {
          headers: { Authorization: `Token ${labelStudio.token}` },
        })
      ).json();

    /** The answers as Label Studio tells them. */
    async function exported(): Promise<readonly ExportedTask[]> {
      const { results } = (await ask('/api/projects?page_size=100')) as Projects;
      const project = results.find(({ title }) => title === 'parts Audit');
      const page = (await ask(
        `/api/tasks?project=${project?.id ?? 0}&page_size=500&fields=all`,
      )) as { tasks: ExportedTask[] };
      return page.tasks;
    }
  });
}
