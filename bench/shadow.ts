import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { DEMO_MODEL, demoModel } from '../test/servers/demo-model.ts';
import { mixUpModel } from '../test/servers/mixed-up-model.ts';
import { type Product, startBuiltProduct } from '../test/servers/product.ts';
import { temporaryFolder } from '../test/servers/server.ts';
import { photoForm } from '../test/web/start-test-web.ts';
import { lightPhotos } from './bodies.ts';
import { processCost } from './process-cost.ts';
import { quantile } from './quantile.ts';

const SECONDS = 10;
const WARM_UP_SECONDS = 3;
const CLIENTS = [1, 8];

/** What uploads lose to a second model: the same load with and without one, the first once more at the end. */
export async function benchShadow(): Promise<void> {
  await demoModel();
  const folder = temporaryFolder('bench-shadow');
  const shadowDir = path.join(folder, 'model');
  mkdirSync(shadowDir);
  mixUpModel(DEMO_MODEL, shadowDir);
  const shadow = { SHADOW_MODEL_DIR: shadowDir };
  const photos = lightPhotos(folder).images;
  console.log(`\nUploads of photos up to 100 kB, ${SECONDS} s each\n`);
  console.log(
    '| | clients | uploads/s | p50 ms | p99 ms | failed | shadow recorded | dropped | CPU ms/upload |',
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  try {
    await measure('one model', {}, photos);
    await measure('with a shadow', shadow, photos);
    await measure('with a shadow and a canary of 0.1', { ...shadow, CANARY_SHARE: '0.1' }, photos);
    await measure('one model, again', {}, photos);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(
  name: string,
  settings: Readonly<Record<string, string>>,
  photos: readonly Buffer[],
): Promise<void> {
  const product = await startBuiltProduct({
    ROLES: 'web,classifier',
    LOG_LEVEL: 'error',
    ...settings,
  });
  try {
    for (const clients of CLIENTS) {
      await uploadFor(product, photos, clients, WARM_UP_SECONDS);
      const before = await shadowAnswers(product);
      const cost = processCost(product.process.pid);
      const { times, failed } = await uploadFor(product, photos, clients, SECONDS);
      const cpuSeconds = processCost(product.process.pid).cpuSeconds - cost.cpuSeconds;
      const after = await shadowAnswers(product);
      const [recorded, dropped] = [
        after.recorded - before.recorded,
        after.dropped - before.dropped,
      ];
      console.log(
        `| ${name} | ${clients} | ${(times.length / SECONDS).toFixed(1)} | ${quantile(times, 0.5).toFixed(0)} | ${quantile(times, 0.99).toFixed(0)} | ${failed} | ${recorded} | ${dropped} | ${((1000 * cpuSeconds) / times.length).toFixed(1)} |`,
      );
    }
  } finally {
    await product.stop();
  }
}

/** Each client sends one photo after the other. @returns how long each answer took, ms */
async function uploadFor(
  { webUrl }: Product,
  photos: readonly Buffer[],
  clients: number,
  seconds: number,
): Promise<{ readonly times: readonly number[]; readonly failed: number }> {
  const until = performance.now() + seconds * 1000;
  const times: number[] = [];
  let [sent, failed] = [0, 0];
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const body = photoForm(photos[sent++ % photos.length] ?? Buffer.alloc(0));
      const begin = performance.now();
      const answer = await fetch(`${webUrl}/predict`, { method: 'POST', body });
      await answer.arrayBuffer();
      if (answer.ok) times.push(performance.now() - begin);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return { times, failed };
}

async function shadowAnswers({
  webUrl,
}: Product): Promise<Readonly<Record<'recorded' | 'dropped', number>>> {
  const text = await (await fetch(`${webUrl}/metrics`)).text();
  const of = (result: string): number =>
    Number(
      new RegExp(`^truthloop_shadow_answers_total\\{result="${result}"\\} (\\d+)`, 'm').exec(
        text,
      )?.[1],
    );
  return { recorded: of('recorded'), dropped: of('dropped') };
}
