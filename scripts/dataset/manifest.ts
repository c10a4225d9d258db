import { createReadStream, existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';

import { z } from 'zod';

import type { DatasetRow } from '../../src/dataset/dataset-row.ts';
import { UsageError } from '../records/run-command.ts';

/** A row of manifest.jsonl: what /api/dataset tells, and where the image lies. */
export interface ManifestRow extends DatasetRow {
  /** Relative to the dataset's folder; null where images were left out. */
  readonly file: string | null;
  /** 16 hex digits; null where the image was not read. */
  readonly perceptual_hash: string | null;
}

export const MANIFEST = 'manifest.jsonl';
export const SUMMARY = 'dataset.json';

const summarySchema = z.object({
  form: z.literal(1),
  made_at: z.string(),
  updated_at: z.string().nullable(),
  window: z.string(),
  from: z.string(),
  to: z.string(),
  model_version: z.string().nullable(),
  held_out: z.boolean(),
  with_model_answers: z.boolean(),
  has_images: z.boolean(),
  classes: z.array(z.object({ name: z.string(), folder: z.string() })),
  counts: z.record(z.string(), z.record(z.string(), z.number())),
  left_out: z.record(z.string(), z.number()),
  near_duplicates: z.number(),
  suspicious_labels: z.number(),
});
/** dataset.json: how the dataset came about, and what is in it. */
export type Summary = Readonly<z.output<typeof summarySchema>>;

/** @throws UsageError when the folder is no dataset */
export async function readSummary(folder: string): Promise<Summary> {
  const file = path.join(folder, SUMMARY);
  if (!existsSync(file))
    throw new UsageError(
      `${folder} is no dataset: it has no ${SUMMARY}. Make one with: npm run export -- dataset --out ${folder}`,
    );
  const parsed = summarySchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} was not written by this version: ${z.prettifyError(parsed.error)}`);
}

/** The rows of a manifest with the place where each begins, bytes; one at a time. */
export async function* readManifest(
  file: string,
): AsyncGenerator<{ readonly row: ManifestRow; readonly offset: number }> {
  let offset = 0;
  const input = createReadStream(file, 'utf8');
  try {
    for await (const line of createInterface({ input })) {
      if (line !== '') yield { row: JSON.parse(line) as ManifestRow, offset };
      offset += Buffer.byteLength(line) + 1;
    }
  } finally {
    // Whoever needs no more rows leaves the file open otherwise.
    input.destroy();
  }
}

const ROW_BYTES = 65_536;

/** Reads single rows again by the places where they begin. */
export async function openManifest(
  file: string,
): Promise<{ readonly rowAt: (offset: number) => Promise<ManifestRow>; close(): Promise<void> }> {
  const handle = await open(file, 'r');
  const rowAt = async (offset: number): Promise<ManifestRow> => {
    for (let length = ROW_BYTES; ; length *= 2) {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset);
      const end = buffer.indexOf(0x0a);
      if (end >= 0) return JSON.parse(buffer.toString('utf8', 0, end)) as ManifestRow;
      if (bytesRead < length) throw new Error(`${file} ends within a row`);
    }
  };
  return { rowAt, close: () => handle.close() };
}
