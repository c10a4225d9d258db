import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openRedisStore } from '../src/adapters/redis/open-redis-store.ts';
import { openSqliteStore } from '../src/adapters/sqlite/open-sqlite-store.ts';
import type { Store } from '../src/ports/store.ts';
import { startRedis } from '../test/servers/redis.ts';
import { FilledStore } from './filled-store.ts';
import { JOURNEY } from './store-journey.ts';

const SMALL = 10_000;
const LARGE = 1_000_000;
/**
 * The promise: an operation in the large store costs the same as in the small one. Single ones do; a hundred scattered ids
 * at once touch a hundred pages of a large index where a small one has but a few.
 */
const RATIO_MAX = 2;

interface Opened {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

const OPENERS: Readonly<Record<string, () => Promise<Opened>>> = {
  sqlite: async () => {
    const dir = await mkdtemp(join(tmpdir(), 'truthloop-bench-'));
    const store = await openSqliteStore({ path: join(dir, 'truthloop.sqlite') });
    return {
      store,
      close: async () => {
        await store.close();
        await rm(dir, { recursive: true });
      },
    };
  },
  redis: async () => {
    const server = await startRedis();
    const store = await openRedisStore({ url: server.url });
    return {
      store,
      close: async () => {
        await store.close();
        await server.stop();
      },
    };
  },
};

/**
 * `npm run bench -- store [sqlite|redis] [records]`: every operation of the journey in a store of ten thousand and in one
 * of a million records, turn by turn, so that what else the machine does falls on both alike.
 */
export async function benchStore(): Promise<void> {
  const [kind = 'sqlite', records = String(LARGE)] = process.argv.slice(3);
  const open = OPENERS[kind];
  if (open === undefined)
    throw new Error(`Which store? One of: ${Object.keys(OPENERS).join(', ')}; not ${kind}`);
  const [small, large] = [await open(), await open()];
  try {
    await compare(kind, await fill(small, SMALL), await fill(large, Number(records)));
  } finally {
    await Promise.all([small.close(), large.close()]);
  }
}

async function fill({ store }: Opened, records: number): Promise<FilledStore> {
  const began = performance.now();
  const filled = await FilledStore.fill(store, records, (done) => {
    process.stderr.write(`\r${done} of ${records} recorded`);
  });
  const seconds = (performance.now() - began) / 1000;
  process.stderr.write(`\r${records} records in ${seconds.toFixed(0)} s\n`);
  return filled;
}

async function compare(kind: string, small: FilledStore, large: FilledStore): Promise<void> {
  console.log(`${kind}: median, ms\n`);
  console.log(
    `| operation | ${small.records} records | ${large.records} records | ratio |\n| --- | ---: | ---: | ---: |`,
  );
  const slow: string[] = [];
  for (const { name, rounds, run } of JOURNEY) {
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds + 2; round += 1)
      for (const [index, filled] of [small, large].entries()) {
        const began = performance.now();
        await run(filled);
        if (round >= 2) times[index]?.push(performance.now() - began);
      }
    const [few, many] = [median(times[0]), median(times[1])];
    if (many / few > RATIO_MAX) slow.push(name);
    console.log(
      `| ${name} | ${few.toFixed(2)} | ${many.toFixed(2)} | ${(many / few).toFixed(2)} |`,
    );
  }
  console.log(
    slow.length === 0
      ? `\nEvery ratio is at most ${RATIO_MAX}.`
      : `\nAbove ${RATIO_MAX}: ${slow.join(', ')}.`,
  );
  if (slow.length > 0) process.exitCode = 1;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
