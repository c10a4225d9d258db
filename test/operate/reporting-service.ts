import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';

import sharp from 'sharp';

import { type FakeLabelStudio, startFakeLabelStudio } from '../fakes/label-studio.ts';
import { type People, peopleOf } from '../fakes/label-studio-people.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { temporaryFolder, writeText } from '../servers/server.ts';
import { type Outcome, runCommand } from './run-command.ts';

/** What is reported of a picture. */
export interface Reported {
  readonly prediction: string;
  readonly probability: number;
  readonly model_version: string;
}

/** The program beside a fake Label Studio, fed with reported predictions: what commands work on. */
export interface ReportingService {
  readonly folder: string;
  readonly dataDir: string;
  readonly labelStudio: FakeLabelStudio;
  readonly people: People;
  /** Settings of the service, and of its commands. */
  readonly env: Readonly<Record<string, string>>;
  product: Product;
  /** Reports predictions of the first class. @returns their ids */
  report(count: number): Promise<string[]>;
  /** @returns the prediction's id */
  reportOne(picture: Buffer, reported: Reported): Promise<string>;
  /** GET or DELETE with the ops key. */
  ops(address: string, method?: string): Promise<Response>;
  /** Labels counted over all time. */
  labels(): Promise<number>;
  taskOf(id: string): number;
  command(...args: readonly string[]): Promise<Outcome>;
  /** @param changes of settings, over the former ones */
  start(changes?: Readonly<Record<string, string>>): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param settings over those of the service; also seen by the commands
 * @param classes that the reported model knows
 */
export async function startReportingService(
  settings: Readonly<Record<string, string>> = {},
  classes: readonly [string, ...string[]] = ['cat', 'dog'],
): Promise<ReportingService> {
  const folder = temporaryFolder('operate');
  const dataDir = path.join(folder, 'data');
  const labelStudio = await startFakeLabelStudio();
  const env = {
    ROLES: 'web,sync',
    DATA_DIR: dataDir,
    CLASSES_FILE: writeText(folder, 'classes.json', JSON.stringify(classes)),
    LABEL_STUDIO_URL: labelStudio.url,
    LABEL_STUDIO_TOKEN: labelStudio.token,
    PUSH_DELAY_SECONDS: '0',
    WINDOWS: 'all',
    ...settings,
  };
  const service: ReportingService = {
    folder,
    dataDir,
    env,
    labelStudio,
    people: peopleOf(labelStudio.url, labelStudio.token),
    product: await startProduct(env),
    async report(count) {
      const ids: string[] = [];
      for (let index = 0; index < count; index += 1)
        ids.push(
          await service.reportOne(await pictureOf(index), {
            prediction: classes[0],
            probability: 0.9,
            model_version: 'v1',
          }),
        );
      return ids;
    },
    reportOne: (picture, reported) => reportOne(service.product, picture, reported),
    ops: (address, method = 'GET') =>
      fetch(address, {
        method,
        headers: { Authorization: `Bearer ${service.product.secret('OPS_KEY')}` },
      }),
    async labels() {
      const answer = await service.ops(`${service.product.webUrl}/api/accuracy?window=all`);
      const { estimates } = (await answer.json()) as { estimates: { labels: number }[] };
      return estimates[0]?.labels ?? 0;
    },
    taskOf(id) {
      const found = [...labelStudio.records.tasks.values()].find(
        ({ data }) => data['prediction_id'] === id,
      );
      assert.ok(found !== undefined, `no task of ${id}`);
      return found.id;
    },
    command: (...args) =>
      runCommand({ ...env, WEBHOOK_URL: `${service.product.syncUrl}/webhooks` }, folder, ...args),
    async start(changes = {}) {
      service.product = await startProduct({ ...env, ...changes });
    },
    async close() {
      await service.product.stop();
      await labelStudio.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return service;
}

function pictureOf(index: number): Promise<Buffer> {
  const background = { r: index % 256, g: 40, b: 90 };
  return sharp({ create: { width: 8, height: 8, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

async function reportOne(product: Product, picture: Buffer, reported: Reported): Promise<string> {
  const answer = await fetch(`${product.webUrl}/api/predictions`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${product.secret('INGEST_KEY')}`,
    },
    body: JSON.stringify({ image: picture.toString('base64'), ...reported }),
  });
  assert.equal(answer.status, 201, 'reported');
  return ((await answer.json()) as { id: string }).id;
}
