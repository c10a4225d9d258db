import { writeFileSync } from 'node:fs';
import path from 'node:path';

import { startProduct } from '../test/servers/product.ts';
import { startRedis } from '../test/servers/redis.ts';
import { temporaryFolder } from '../test/servers/server.ts';
import { processCost } from './process-cost.ts';

const CLASSES = ['cat', 'dog', 'bird'];
const SECONDS = 10;
const CONNECTIONS = 4;
const LINES = 500;

/** Predictions that a reporting service may send in a second, without images: one by one and in batches, in both stores. */
export async function benchIngest(): Promise<void> {
  console.log(`\n${CONNECTIONS} connections, ${SECONDS} s each, no images\n`);
  console.log('| store | way | predictions/s | CPU ms each | resident MB |');
  console.log('| --- | --- | --- | --- | --- |');
  const sqlite = await measure('SQLite', {});
  const redis = await startRedis();
  try {
    await measure('Redis', { STORE: 'redis', REDIS_URL: redis.url, ...SECRETS });
  } finally {
    await redis.stop();
  }
  console.log(`\nIn batches, SQLite takes ${sqlite.toFixed(1)} times what it takes one by one.`);
}

/** With Redis none is made at the start. */
const SECRETS = Object.fromEntries(
  [
    'WEBHOOK_SECRET',
    'RETRAIN_WEBHOOK_SECRET',
    'INGEST_KEY',
    'IMAGE_URL_KEY',
    'SAMPLING_KEY',
    'OPS_KEY',
    'LABEL_STUDIO_PASSWORD',
    'LABEL_STUDIO_TOKEN',
  ]
    .map((name) => [name, `bench-${name.toLowerCase()}-0123456789`])
    .concat([['LABEL_STUDIO_USERNAME', 'bench@example.org']]),
) as Record<string, string>;

/** @returns how many times as many go in batches */
async function measure(store: string, settings: Record<string, string>): Promise<number> {
  const classesFile = path.join(temporaryFolder('bench'), 'classes.json');
  writeFileSync(classesFile, JSON.stringify(CLASSES));
  const product = await startProduct({
    ROLES: 'web',
    CLASSES_FILE: classesFile,
    LOG_LEVEL: 'error',
    ...settings,
  });
  try {
    const send = (type: string, lines: number): Promise<number> =>
      reportFor(`${product.webUrl}/api/predictions`, product.secret('INGEST_KEY'), type, lines);
    await send('application/json', 1);
    const rates: number[] = [];
    for (const [way, type, lines] of [
      ['one by one', 'application/json', 1],
      [`NDJSON, ${LINES} lines`, 'application/x-ndjson', LINES],
    ] as const) {
      const before = processCost(product.process.pid);
      const count = await send(type, lines);
      const after = processCost(product.process.pid);
      const cpu = ((after.cpuSeconds - before.cpuSeconds) * 1000) / count;
      rates.push(count / SECONDS);
      console.log(
        `| ${store} | ${way} | ${Math.round(count / SECONDS)} | ${cpu.toFixed(3)} | ${Math.round(after.residentBytes / 1e6)} |`,
      );
    }
    return (rates[1] ?? 0) / (rates[0] ?? 1);
  } finally {
    await product.stop();
  }
}

/** Closed loop for SECONDS. @returns predictions that were recorded */
async function reportFor(url: string, key: string, type: string, lines: number): Promise<number> {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': type };
  const until = performance.now() + SECONDS * 1000;
  let recorded = 0;
  const connection = async (): Promise<void> => {
    while (performance.now() < until) {
      const body = Array.from({ length: lines }, () => JSON.stringify(report())).join('\n');
      const answer = await fetch(url, { method: 'POST', headers, body });
      const text = await answer.text();
      if (!answer.ok || text.includes('"error"')) throw new Error(`${answer.status}: ${text}`);
      recorded += lines;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, connection));
  return recorded;
}

let number = 0;
const report = (): object => ({
  prediction: CLASSES[number % CLASSES.length],
  probability: 0.5 + (number % 50) / 100,
  model_version: 'bench-1',
  external_id: `request-${++number}`,
});
