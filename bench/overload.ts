import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';

import { defaultWorkers } from '../src/wire/start-service-models.ts';
import { DEMO_MODEL, demoModel } from '../test/servers/demo-model.ts';
import { temporaryFolder } from '../test/servers/server.ts';
import { lightPhotos } from './bodies.ts';
import { startBuiltClassifier } from './built-classifier.ts';
import { openLoop, peakOf, type Sample } from './open-loop.ts';
import { processCost } from './process-cost.ts';
import { quantile } from './quantile.ts';

const OVERLOAD = 1.9;
const SECONDS = 60;
const CLIENTS = 8;
const WARM_UP_SECONDS = 3;
const PEAK_SECONDS = 15;
const QUEUE_PER_WORKER = 4;

/** More work than the classifier can do, for a minute: what it still answers, how late, and what it costs. */
export async function benchOverload(): Promise<void> {
  await demoModel();
  const folder = temporaryFolder('bench-bodies');
  const { list } = lightPhotos(folder);
  const bodies = readFileSync(list, 'utf8')
    .trim()
    .split('\n')
    .map((file) => readFileSync(file));
  const server = await startBuiltClassifier({ MODEL_DIR: DEMO_MODEL });
  try {
    // By the generator that overloads it: it takes its part of the processors in both.
    const peak = { url: server.url, bodies, clients: CLIENTS };
    await peakOf({ ...peak, seconds: WARM_UP_SECONDS });
    const { perSecond: capacity } = await peakOf({ ...peak, seconds: PEAK_SECONDS });
    // All workers busy, nobody waits: what one image takes.
    const one = await peakOf({ ...peak, clients: defaultWorkers(), seconds: PEAK_SECONDS });
    const before = processCost(server.process.pid).residentBytes;
    const perSecond = OVERLOAD * capacity;
    const generator = process.cpuUsage();
    const samples = await openLoop({
      url: server.url,
      bodies,
      perSecond,
      seconds: SECONDS,
      uniform: Math.random,
    });
    const { user, system } = process.cpuUsage(generator);
    const recovery = await secondsToRecover(server.url, bodies);
    const after = processCost(server.process.pid).residentBytes;
    report({ capacity, imageMs: one.p99Ms }, samples, {
      ...{ before, after, recovery, ready: server.secondsToReady },
      generator: (user + system) / 1e6 / SECONDS,
    });
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Until ten answers in a row are 200. */
async function secondsToRecover(url: string, bodies: readonly Buffer[]): Promise<number> {
  const begin = performance.now();
  for (let inARow = 0; inARow < 10;) {
    const [sample] = await openLoop({
      ...{ url, bodies: bodies.slice(0, 1), perSecond: 1000, seconds: 0.001 },
      uniform: () => 0.999,
    });
    inARow = sample?.status === 200 ? inARow + 1 : 0;
  }
  return (performance.now() - begin) / 1000;
}

/** @param closed the closed-loop peak, answers/s, and the slowest hundredth of images when all workers are busy, ms */
function report(
  closed: { readonly capacity: number; readonly imageMs: number },
  samples: readonly Sample[],
  cost: { before: number; after: number; recovery: number; ready: number; generator: number },
): void {
  const { capacity, imageMs } = closed;
  const answered = samples.filter(({ status }) => status === 200);
  const refused = samples.filter(({ status }) => status === 503);
  const latencies = answered.map(({ latencyMs }) => latencyMs);
  const atWorker = QUEUE_PER_WORKER + 1;
  const places = atWorker * defaultWorkers();
  const accepted = answered.length / SECONDS;
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
  console.log('| what | measured |');
  console.log('| --- | --- |');
  console.log(`| capacity (closed loop, 8 clients) | ${capacity.toFixed(1)} answers/s |`);
  console.log(`| arrivals | ${(samples.length / SECONDS).toFixed(1)} a second for ${SECONDS} s |`);
  console.log(
    `| accepted | ${accepted.toFixed(1)} a second, ${(accepted / capacity).toFixed(2)} of capacity |`,
  );
  console.log(
    `| p50, p99 of accepted | ${quantile(latencies, 0.5).toFixed(0)}, ${quantile(latencies, 0.99).toFixed(0)} ms |`,
  );
  console.log(
    `| a full queue: ${places} images, ${atWorker} a worker | ${((1000 * places) / accepted).toFixed(0)} ms on average; ${(atWorker * imageMs).toFixed(0)} ms when each takes the ${imageMs.toFixed(0)} ms of the slowest hundredth |`,
  );
  console.log(
    `| refused with 503 and Retry-After | ${refused.filter(({ retryAfter }) => retryAfter !== undefined).length} of ${samples.length - answered.length} not accepted |`,
  );
  console.log(
    `| memory | ${megabytes(cost.before)} MB before, ${megabytes(cost.after)} MB after |`,
  );
  console.log(
    `| the generator itself | ${(100 * cost.generator).toFixed(0)} % of a processor of ${availableParallelism()} |`,
  );
  console.log(`| back to normal | ${cost.recovery.toFixed(1)} s |`);
  console.log(`| start to ready | ${cost.ready.toFixed(1)} s |`);
}
