import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

import { Database } from '../src/adapters/sqlite/database.ts';
import { openSqliteStore } from '../src/adapters/sqlite/open-sqlite-store.ts';
import { Population } from '../src/adapters/sqlite/population.ts';
import { predictionId } from '../src/domain/ids.ts';
import { decidedIncrement, recordedIncrement } from '../src/domain/population.ts';
import type { Prediction } from '../src/domain/prediction.ts';
import type { Batch } from '../src/domain/selection.ts';
import type { Store } from '../src/ports/store.ts';
import { FilledStore, NOW, predictionOf } from './filled-store.ts';

const MINUTE_MS = 60_000;
/** Filled by the port, the labelled ones among them; the rest in bulk. */
export const SMALL = 10_000;
const AT_ONCE = 20_000;

/**
 * Opens a store of so many records with the same labels, filled now or kept from an earlier time. Every minute has a policy of
 * its own.
 */
export async function openFilled(records: number): Promise<Store> {
  const folder = join(homedir(), '.cache', 'truthloop', 'bench');
  await mkdir(folder, { recursive: true });
  const path = join(folder, `estimate-${records}-${await formOfContent()}.sqlite`);
  if (!existsSync(path)) await fill(path, records);
  return openSqliteStore({ path });
}

async function fill(path: string, records: number): Promise<void> {
  const unfinished = `${path}.part`;
  for (const file of [unfinished, `${unfinished}-wal`, `${unfinished}-shm`])
    await rm(file, { force: true });
  const store = await openSqliteStore({ path: unfinished });
  const progress = progressOf(records);
  await FilledStore.fill(withPolicies(store), SMALL, progress);
  await store.close();
  if (records > SMALL) await fillInBulk(unfinished, records, progress);
  process.stderr.write('\n');
  await rename(unfinished, path);
}

/** Changes with the program that fills and with the form of the database, so that no old file is measured. */
async function formOfContent(): Promise<string> {
  const hash = createHash('sha256');
  for (const file of [
    './kept-store.ts',
    './filled-store.ts',
    '../src/adapters/sqlite/migrations.ts',
  ])
    hash.update(await readFile(new URL(file, import.meta.url)));
  return hash.digest('hex').slice(0, 8);
}

function progressOf(records: number): (done: number) => void {
  const began = performance.now();
  return (done) => {
    const seconds = (performance.now() - began) / 1000;
    const left = (seconds / done) * (records - done);
    process.stderr.write(
      `\r${done} of ${records} recorded, ${seconds.toFixed(0)} s gone, about ${left.toFixed(0)} s left `,
    );
  };
}

/** The same store, where every minute has a policy of its own. */
function withPolicies(store: Store): Store {
  const minutes = new Map<string, number>();
  return {
    ...store,
    recordPrediction: (prediction: Prediction) => {
      minutes.set(prediction.id, minuteOf(prediction));
      return store.recordPrediction({ ...prediction, policyId: `policy-${minuteOf(prediction)}` });
    },
    commitBatch: (batch: Batch, fence) =>
      store.commitBatch(
        {
          ...batch,
          decisions: batch.decisions.map((item) => ({
            ...item,
            decision: { ...item.decision, ...chancesOf(minutes.get(item.predictionId) ?? 0) },
          })),
        },
        fence,
      ),
  };
}

const minuteOf = ({ recordedAt }: Prediction): number => Math.floor(recordedAt / MINUTE_MS);

/** Probabilities between 0.05 and 0.95 that differ from minute to minute. */
function chancesOf(minute: number): { readonly pi: number; readonly q: number } {
  const pi = 0.05 + 0.9 * ((minute * 0.618_033_988_75) % 1);
  return { pi, q: pi / 2 };
}

/**
 * Adds predictions that were decided and not selected, by the adapter's own parts but in few large transactions: through the
 * port a million take many minutes. What no estimate reads (arrivals, batches) is left out.
 */
async function fillInBulk(
  path: string,
  records: number,
  progress: (done: number) => void,
): Promise<void> {
  const db = new Database(path);
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA cache_size = -262144');
  const population = new Population(db);
  for (let done = SMALL; done < records; done += AT_ONCE) {
    const until = Math.min(records, done + AT_ONCE);
    await db.write(() => {
      for (let number = done; number < until; number += 1)
        insert(db, population, {
          ...predictionOf(number - SMALL, records - SMALL),
          id: predictionId(`bulk-${String(number)}`),
        });
    });
    progress(until);
  }
  db.close();
}

function insert(db: Database, population: Population, prediction: Prediction): void {
  const chances = chancesOf(minuteOf(prediction));
  const { rates } = prediction;
  db.run(
    `INSERT INTO predictions (id, at, recorded_at, model_version, predicted_class, confidence,
       probabilities, segment, object_key, content_digest, is_low_confidence, policy_id, rate_random,
       rate_low_confidence, rate_disputed, rate_spare, source, batch_id, decided_at, pi, q, is_selected,
       is_random)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'bulk', ?, ?, ?, 0, 0)`,
    ...[prediction.id, prediction.at, prediction.recordedAt, prediction.modelVersion],
    ...[prediction.predictedClass, prediction.confidence, JSON.stringify(prediction.probabilities)],
    ...[prediction.segment, prediction.objectKey, prediction.contentDigest],
    ...[Number(prediction.isLowConfidence), `policy-${minuteOf(prediction)}`],
    ...[rates.random, rates.lowConfidence, rates.disputed, rates.spare, prediction.source],
    ...[NOW, chances.pi, chances.q],
  );
  const unit = { ...prediction, isDisputed: false };
  population.add(prediction, recordedIncrement(unit));
  population.add(prediction, decidedIncrement(unit, chances, null));
  population.addToDay(prediction);
}
