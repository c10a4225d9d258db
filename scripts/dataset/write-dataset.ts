import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rename, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { type DatasetRow, datasetRow, type RowChoice } from '../../src/dataset/dataset-row.ts';
import type { ObjectStore } from '../../src/ports/object-store.ts';
import type { PredictionRecord, PredictionStore } from '../../src/ports/store/prediction-store.ts';
import { removeOnExit } from '../records/remove-on-exit.ts';
import { UsageError } from '../records/run-command.ts';
import { HashIndex } from './hash-index.ts';
import { createLineFile, type LineFile } from './line-file.ts';
import { MANIFEST, type ManifestRow, type Summary } from './manifest.ts';
import { perceptualHash } from './perceptual-hash.ts';
import { partOf, writeViews } from './write-views.ts';

export interface DatasetPlan {
  readonly out: string;
  /** Where records and images come from. */
  readonly store: Pick<PredictionStore, 'recordsBetween'>;
  /** Null: the manifest alone. */
  readonly objects: Pick<ObjectStore, 'get'> | null;
  readonly window: { readonly name: string; readonly from: number; readonly to: number };
  readonly choice: RowChoice;
  /** Class -> folder name, in the deployment's order. */
  readonly folders: ReadonlyMap<string, string>;
  readonly now: number;
  readonly progress: (say: () => string) => void;
}

/** Images read at once: enough to keep a remote object store busy. */
const AT_ONCE = 16;

/**
 * Writes a dataset: it appears whole under its name, or not at all.
 * @throws UsageError when something is there already
 */
export async function writeDataset(plan: DatasetPlan): Promise<Summary> {
  const out = path.resolve(plan.out);
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new UsageError(
      `${plan.out} is there already: name another folder, remove it, or take erased predictions out of it with --update ${plan.out}`,
    );
  const partial = `${out}.part-${process.pid}`;
  const discard = removeOnExit(partial);
  try {
    await mkdir(partial, { recursive: true, mode: 0o750 });
    const leftOut = await new DatasetWriter(plan, partial).write();
    const summary = await writeViews(partial, describe(plan, leftOut), path.basename(out));
    if (existsSync(out)) await rmdir(out);
    await rename(partial, out);
    return summary;
  } finally {
    await discard();
  }
}

function describe(
  { window, choice, folders, objects, now }: DatasetPlan,
  leftOut: Readonly<Record<string, number>>,
): Parameters<typeof writeViews>[1] {
  const iso = (at: number): string => new Date(at).toISOString();
  return {
    form: 1,
    made_at: iso(now),
    updated_at: null,
    window: window.name,
    from: iso(window.from),
    to: iso(window.to),
    model_version: choice.modelVersion,
    held_out: choice.holdOut,
    with_model_answers: choice.withModelAnswers,
    has_images: objects !== null,
    classes: [...folders].map(([name, folder]) => ({ name, folder })),
    left_out: { ...leftOut },
  };
}

interface Chosen {
  readonly row: DatasetRow;
  readonly record: PredictionRecord;
}

/** Goes through the records, once for what is held out and once for what is trained with. */
class DatasetWriter {
  readonly #plan: DatasetPlan;
  readonly #folder: string;
  readonly #manifest: LineFile;
  readonly #leftOut: Record<string, number> = {};
  readonly #heldOut = new HashIndex();
  #read = 0;
  #written = 0;

  constructor(plan: DatasetPlan, folder: string) {
    this.#plan = plan;
    this.#folder = folder;
    this.#manifest = createLineFile(path.join(folder, MANIFEST));
  }

  /** @returns how many predictions were left out, by reason */
  async write(): Promise<Readonly<Record<string, number>>> {
    if (this.#plan.choice.holdOut) await this.#pass('holdout');
    await this.#pass('train');
    await this.#manifest.close();
    return this.#leftOut;
  }

  async #pass(split: DatasetRow['split']): Promise<void> {
    const { store, window, choice } = this.#plan;
    let waiting: Chosen[] = [];
    for await (const page of store.recordsBetween(window.from, window.to))
      for (const record of page) {
        const row = datasetRow(record, choice);
        this.#read += 1;
        if (typeof row === 'string') {
          // Both passes see it: it is counted by the one that every export makes.
          if (split === 'train') this.#leave(row);
        } else if (row.split === split) waiting.push({ row, record });
        if (waiting.length < AT_ONCE) continue;
        await this.#take(waiting);
        waiting = [];
      }
    await this.#take(waiting);
  }

  #leave(reason: string): void {
    this.#leftOut[reason] = (this.#leftOut[reason] ?? 0) + 1;
  }

  async #take(chosen: readonly Chosen[]): Promise<void> {
    const read = await Promise.all(chosen.map((item) => this.#readImage(item)));
    for (const [index, image] of read.entries()) {
      const row = chosen[index]?.row;
      if (row === undefined) continue;
      if (typeof image === 'string') this.#leave(image);
      else await this.#add(row, image);
    }
    this.#plan.progress(() => `${this.#read} predictions read, ${this.#written} in the dataset`);
  }

  async #readImage({ row, record }: Chosen): Promise<Image | string> {
    const { objects } = this.#plan;
    if (objects === null) return { bytes: null, hash: null };
    const bytes = await objects.get(record.prediction.objectKey);
    if (bytes === null) return 'image_missing';
    if (createHash('sha256').update(bytes).digest('hex') !== row.sha256) return 'image_damaged';
    return { bytes, hash: await perceptualHash(bytes) };
  }

  async #add(row: DatasetRow, { bytes, hash }: Image): Promise<void> {
    const key = hash ?? row.sha256.slice(0, 16);
    if (row.split === 'holdout') this.#heldOut.add(key, 0);
    else if (this.#heldOut.nearest(key) !== null) {
      this.#leave('copy_of_held_out');
      return;
    }
    const file = bytes === null ? null : await this.#writeImage(row, bytes);
    const line: ManifestRow = { ...row, file, perceptual_hash: hash };
    await this.#manifest.write(`${JSON.stringify(line)}\n`);
    this.#written += 1;
  }

  async #writeImage(row: DatasetRow, bytes: Buffer): Promise<string> {
    const folder = path.join(partOf(row), this.#plan.folders.get(row.class) ?? '');
    await mkdir(path.join(this.#folder, folder), { recursive: true, mode: 0o750 });
    // Ids are made by the server: letters, digits and dashes.
    const file = path.posix.join(...folder.split(path.sep), `${row.prediction_id}.jpg`);
    await writeFile(path.join(this.#folder, file), bytes, { mode: 0o640 });
    return file;
  }
}

interface Image {
  readonly bytes: Buffer | null;
  readonly hash: string | null;
}
