import { rename, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { HashIndex } from './hash-index.ts';
import { labelStudioTask } from './label-studio-task.ts';
import { createLineFile } from './line-file.ts';
import {
  MANIFEST,
  type ManifestRow,
  openManifest,
  readManifest,
  SUMMARY,
  type Summary,
} from './manifest.ts';
import { SuspiciousLabels } from './suspicious-labels.ts';

const COLUMNS = [
  ...['file', 'class', 'true_class', 'bucket', 'split', 'label_source', 'annotators', 'agreement'],
  ...['predicted_class', 'confidence', 'model_version', 'at', 'inclusion_probability', 'weight'],
  ...['random_inclusion_probability', 'is_random', 'segment', 'prediction_id', 'sha256'],
  'perceptual_hash',
] as const satisfies readonly (keyof ManifestRow)[];

/** Suspicious labels that are listed, the most suspicious ones. */
const SUSPICIOUS_MAX = 10_000;

type Described = Omit<Summary, 'counts' | 'near_duplicates' | 'suspicious_labels'>;

/**
 * Writes everything that follows from the manifest: the same as CSV and for Label Studio, what to look at, the summary. The
 * summary comes last: a folder without it is not complete.
 * @param described what the manifest does not say
 * @param name of the folder once it is complete
 */
export async function writeViews(
  folder: string,
  described: Described,
  name = path.basename(path.resolve(folder)),
): Promise<Summary> {
  const counts = await writeTables(folder, name);
  const summary: Summary = {
    ...described,
    counts,
    near_duplicates: await listNearDuplicates(folder),
    suspicious_labels: await listSuspicious(folder),
  };
  const partial = path.join(folder, `.${SUMMARY}`);
  await writeFile(partial, `${JSON.stringify(summary, null, 2)}\n`, { mode: 0o640 });
  await rename(partial, path.join(folder, SUMMARY));
  return summary;
}

const rowsOf = (folder: string): ReturnType<typeof readManifest> =>
  readManifest(path.join(folder, MANIFEST));

/** manifest.csv and label-studio.json. @returns rows by part of the dataset and class */
async function writeTables(folder: string, name: string): Promise<Summary['counts']> {
  const csv = createLineFile(path.join(folder, 'manifest.csv'));
  const tasks = createLineFile(path.join(folder, 'label-studio.json'));
  const counts: Record<string, Record<string, number>> = {};
  await csv.write(`${COLUMNS.join(',')}\n`);
  let before = '[\n';
  for await (const { row } of rowsOf(folder)) {
    await csv.write(`${COLUMNS.map((column) => csvField(row[column])).join(',')}\n`);
    await tasks.write(`${before}${JSON.stringify(labelStudioTask(row, name))}`);
    before = ',\n';
    const part = (counts[partOf(row)] ??= {});
    part[row.class] = (part[row.class] ?? 0) + 1;
  }
  await tasks.write(before === '[\n' ? '[]\n' : '\n]\n');
  await Promise.all([csv.close(), tasks.close()]);
  return counts;
}

/** The folder that a row's image lies in. */
export const partOf = ({ bucket, split }: Pick<ManifestRow, 'bucket' | 'split'>): string =>
  split === 'holdout' ? 'holdout' : bucket;

/** As RFC 4180 has it. */
function csvField(value: string | number | boolean | null): string {
  const text = value === null ? '' : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const shown = ({ file, prediction_id, class: name, bucket, split }: ManifestRow): object => ({
  ...{ file, prediction_id, class: name, bucket, split },
});

/** near-duplicates.jsonl: each row with the first one that shows (nearly) the same picture. @returns how many */
async function listNearDuplicates(folder: string): Promise<number> {
  const list = createLineFile(path.join(folder, 'near-duplicates.jsonl'));
  const manifest = await openManifest(path.join(folder, MANIFEST));
  const index = new HashIndex();
  let offsets = new Float64Array(1024);
  let [number, found] = [0, 0];
  for await (const { row, offset } of rowsOf(folder)) {
    if (number === offsets.length) {
      const larger = new Float64Array(2 * number);
      larger.set(offsets);
      offsets = larger;
    }
    offsets[number] = offset;
    const hash = row.perceptual_hash ?? row.sha256.slice(0, 16);
    const near = index.nearest(hash);
    if (near !== null) {
      const first = await manifest.rowAt(offsets[near.name] ?? 0);
      const { distance } = near;
      await list.write(
        `${JSON.stringify({ ...shown(row), near: shown(first), distance, same_class: row.class === first.class })}\n`,
      );
      found += 1;
    }
    index.add(hash, number);
    number += 1;
  }
  await manifest.close();
  await list.close();
  return found;
}

/** suspicious-labels.jsonl, the most suspicious first. @returns how many are suspicious */
async function listSuspicious(folder: string): Promise<number> {
  const labels = new SuspiciousLabels();
  for await (const { row } of rowsOf(folder)) labels.learn(row);
  let worst: { margin: number; line: string }[] = [];
  let found = 0;
  for await (const { row } of rowsOf(folder)) {
    const suspicion = labels.judge(row);
    if (suspicion === null) continue;
    found += 1;
    worst.push({
      margin: suspicion.margin,
      line: JSON.stringify({ ...shown(row), label_source: row.label_source, ...suspicion }),
    });
    if (worst.length === 2 * SUSPICIOUS_MAX) worst = mostSuspicious(worst);
  }
  const list = createLineFile(path.join(folder, 'suspicious-labels.jsonl'));
  for (const { line } of mostSuspicious(worst)) await list.write(`${line}\n`);
  await list.close();
  return found;
}

const mostSuspicious = <Item extends { readonly margin: number }>(items: Item[]): Item[] =>
  items.sort((a, b) => b.margin - a.margin).slice(0, SUSPICIOUS_MAX);
