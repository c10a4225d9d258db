import assert from 'node:assert/strict';

import type { RequestHandler } from 'express';

import type { Store } from '../src/ports/store.ts';
import { estimateVersions } from '../src/sync/estimate-versions.ts';
import { OPS, PAGE, startTestWeb } from '../test/web/start-test-web.ts';
import { NOW, predictionOf } from './filled-store.ts';
import { openFilled, SMALL } from './kept-store.ts';
import { quantile } from './quantile.ts';

const LARGE = 1_000_000;
const ROUNDS = 40;
/** The promise, of server time. */
const MS_MAX = 50;
const HOUR_MS = 3_600_000;
const DAYS = 30;

const SETTINGS = {
  windows: ['1h', '1d', '7d', '30d', 'all'],
  classes: [],
  segments: [],
  targetAccuracy: 0.8,
  labelSlaMs: 7 * 24 * HOUR_MS,
  isAnchored: false,
} as const;

/**
 * `npm run bench -- pages [records]`: what each page costs the server with a million recorded predictions of thirty days, 6000
 * labels and an estimate of every window and hour.
 */
export async function benchPages(): Promise<void> {
  const records = Number(process.argv[3] ?? LARGE);
  const store = await openFilled(records);
  const times: number[] = [];
  const web = await startTestWeb({ options: { store, instrument: timeInto(times) } });
  web.time.now = NOW;
  try {
    if ((await store.latestEstimates()).length === 0) await estimateEveryHour(store);
    console.log(
      `| page, ${records} predictions recorded | median ms | 95 % of 40 take at most, ms |`,
    );
    console.log('| --- | ---: | ---: |');
    for (const at of pathsOf(records)) {
      const [median, slow] = await measure(at, times, () =>
        web.get(at, { ...OPS, ...(at.startsWith('/api/') ? {} : PAGE) }),
      );
      console.log(`| \`${nameOf(at)}\` | ${median.toFixed(1)} | ${slow.toFixed(1)} |`);
      if (!(slow < MS_MAX)) process.exitCode = 1;
    }
    console.log(`\nPromised below ${MS_MAX} ms.`);
  } finally {
    await web.stop();
    await store.close();
  }
}

const pathsOf = (records: number): readonly string[] => [
  '/',
  `/answers/${predictionOf(Math.min(SMALL, records) / 2, records).id}`,
  ...SETTINGS.windows.map((window) => `/accuracy?window=${window}`),
  '/api/accuracy',
  '/ops',
  '/label',
];

const nameOf = (path: string): string => path.replace(/(\/answers\/).*/, '$1:id');

const timeInto =
  (times: number[]): RequestHandler =>
  (_request, response, next) => {
    const began = performance.now();
    response.once('finish', () => times.push(performance.now() - began));
    next();
  };

/** The newest estimate, and what a month of hourly runs would have left of it. */
async function estimateEveryHour(store: Store): Promise<void> {
  const fence = await store.acquireLease('sync', 'bench of pages', NOW + 1, HOUR_MS);
  assert.ok(fence);
  const estimates = await estimateVersions(store, SETTINGS, NOW);
  for (let hour = DAYS * 24; hour >= 0; hour -= 1) {
    const asOf = NOW - hour * HOUR_MS;
    await store.saveEstimates(
      estimates.map((estimate) => ({ ...estimate, asOf })),
      fence,
    );
  }
}

/** @returns the median and the 95 % quantile of the server's time, ms */
async function measure(
  path: string,
  times: number[],
  get: () => Promise<Response>,
): Promise<readonly [number, number]> {
  times.length = 0;
  for (let round = 0; round < ROUNDS + 5; round += 1) {
    const answer = await get();
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    await answer.arrayBuffer();
  }
  const warm = times.slice(5);
  return [quantile(warm, 0.5), quantile(warm, 0.95)];
}
