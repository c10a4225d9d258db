import { rename, rm } from 'node:fs/promises';
import path from 'node:path';

import { predictionId } from '../../src/domain/ids.ts';
import type { PredictionStore } from '../../src/ports/store/prediction-store.ts';
import { CommandFailed } from '../records/run-command.ts';
import { createLineFile } from './line-file.ts';
import { MANIFEST, readManifest, readSummary, type Summary } from './manifest.ts';
import { writeViews } from './write-views.ts';

/**
 * Takes out of a dataset what the records no longer hold: predictions that a person had deleted, or that were forgotten by
 * their age. Images go first, so that what is cut short is done again by the next call.
 * @throws UsageError when the folder is no dataset; CommandFailed when the records know nothing of it
 */
export async function updateDataset(
  folder: string,
  store: Pick<PredictionStore, 'findPrediction'>,
  now: number,
  progress: (say: () => string) => void,
): Promise<{ readonly removed: number; readonly summary: Summary }> {
  const before = await readSummary(folder);
  const file = path.join(folder, MANIFEST);
  await assertKnown(folder, file, store);
  const partial = `${file}.part`;
  const kept = createLineFile(partial);
  let [read, removed] = [0, 0];
  for await (const { row } of readManifest(file)) {
    read += 1;
    progress(() => `${read} rows read, ${removed} removed`);
    if ((await store.findPrediction(predictionId(row.prediction_id))) === null) {
      removed += 1;
      if (row.file !== null) await rm(path.join(folder, row.file), { force: true });
    } else await kept.write(`${JSON.stringify(row)}\n`);
  }
  await kept.close();
  await rename(partial, file);
  const summary = await writeViews(folder, { ...before, updated_at: new Date(now).toISOString() });
  return { removed, summary };
}

/**
 * To another installation's records every prediction of the dataset is as if it was deleted. Where really all are gone,
 * whoever removes the folder does the same as an update would.
 */
async function assertKnown(
  folder: string,
  file: string,
  store: Pick<PredictionStore, 'findPrediction'>,
): Promise<void> {
  let unknown = 0;
  for await (const { row } of readManifest(file)) {
    if ((await store.findPrediction(predictionId(row.prediction_id))) !== null) return;
    unknown += 1;
  }
  if (unknown > 0)
    throw new CommandFailed(
      `${folder}: none of its predictions (${unknown}) is among the records that DATA_DIR or REDIS_URL lead to: do they name the installation that it came from? Nothing was changed. If all of them were deleted or forgotten since, remove the folder.`,
    );
}
