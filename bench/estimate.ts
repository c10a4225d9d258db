import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openSqliteStore } from '../src/adapters/sqlite/open-sqlite-store.ts';
import type { Decision, Prediction } from '../src/domain/prediction.ts';
import type { Batch } from '../src/domain/selection.ts';
import type { Store } from '../src/ports/store.ts';
import { estimateVersions } from '../src/sync/estimate-versions.ts';
import { FilledStore, NOW } from './filled-store.ts';

const SMALL = 10_000;
const LARGE = 1_000_000;
const ROUNDS = 15;
/** The promise: all windows of the large store cost less than this many times those of the small one. */
const RATIO_MAX = 1.5;
const MINUTE_MS = 60_000;

const SETTINGS = {
  windows: ['1h', '1d', '7d', '30d', 'all'],
  classes: [],
  segments: [],
  targetAccuracy: 0.8,
  labelSlaMs: 7 * 86_400_000,
  isAnchored: false,
} as const;

interface Opened {
  readonly filled: FilledStore;
  readonly close: () => Promise<void>;
}

/**
 * `npm run bench -- estimate [records]`: what an estimate of all windows costs with ten thousand and with a million recorded
 * predictions: 30 days, 11 classes, continuous confidences, a policy (so other probabilities) every minute, 6000 labels in
 * both. Turn by turn, so that what else the machine does falls on both alike.
 */
export async function benchEstimate(): Promise<void> {
  const records = Number(process.argv[3] ?? LARGE);
  const small = await open(SMALL);
  const large = await open(records);
  try {
    const [few, many] = await compare(small.filled.store, large.filled.store);
    const ratio = many / few;
    console.log('| recorded predictions | all windows, median ms |\n| ---: | ---: |');
    console.log(`| ${SMALL} | ${few.toFixed(1)} |\n| ${records} | ${many.toFixed(1)} |`);
    console.log(`\nRatio ${ratio.toFixed(2)}, promised below ${RATIO_MAX}.`);
    if (!(ratio < RATIO_MAX)) process.exitCode = 1;
  } finally {
    await Promise.all([small.close(), large.close()]);
  }
}

async function open(records: number): Promise<Opened> {
  const folder = await mkdtemp(join(tmpdir(), 'truthloop-bench-'));
  const store = await openSqliteStore({ path: join(folder, 'truthloop.sqlite') });
  const filled = await FilledStore.fill(withPolicies(store), records, (done) => {
    process.stderr.write(`\r${done} of ${records} recorded`);
  });
  process.stderr.write('\n');
  return {
    filled,
    close: async () => {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** The same store, where every minute has a policy of its own. */
function withPolicies(store: Store): Store {
  const minutes = new Map<string, number>();
  return {
    ...store,
    recordPrediction: (prediction: Prediction) => {
      const minute = Math.floor(prediction.recordedAt / MINUTE_MS);
      minutes.set(prediction.id, minute);
      return store.recordPrediction({ ...prediction, policyId: `policy-${minute}` });
    },
    commitBatch: (batch: Batch, fence) =>
      store.commitBatch(
        {
          ...batch,
          decisions: batch.decisions.map((item) => ({
            ...item,
            decision: varied(item.decision, minutes.get(item.predictionId) ?? 0),
          })),
        },
        fence,
      ),
  };
}

/** Probabilities between 0.05 and 0.95 that differ from minute to minute. */
function varied(decision: Decision, minute: number): Decision {
  const pi = 0.05 + 0.9 * ((minute * 0.618_033_988_75) % 1);
  return { ...decision, pi, q: pi / 2 };
}

async function compare(small: Store, large: Store): Promise<readonly [number, number]> {
  const times: readonly [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS + 2; round += 1)
    for (const [index, store] of [small, large].entries()) {
      const began = performance.now();
      await estimateVersions(store, SETTINGS, NOW);
      if (round >= 2) times[index]?.push(performance.now() - began);
    }
  return [median(times[0]), median(times[1])];
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
