import { readFile, rename, writeFile } from 'node:fs/promises';

import { z } from 'zod';

import type { DriftRow } from './drift-sample.ts';

/** What windows are compared with. Only good for the model that made it. */
export interface DriftReference {
  readonly modelVersion: string;
  readonly rows: readonly DriftRow[];
}

const fileSchema = z.object({
  modelVersion: z.string(),
  rows: z.array(
    z.object({
      embedding: z.string().nullable(),
      confidence: z.number(),
      predictedClass: z.string(),
    }),
  ),
});

/**
 * Reads a reference.
 * @returns null when there is none, when it belongs to another model, or when the file is no reference: one is learned then
 */
export async function readDriftReference(
  path: string,
  modelVersion: string,
): Promise<DriftReference | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  const parsed = fileSchema.safeParse(text === null ? null : parseJson(text));
  if (!parsed.success || parsed.data.modelVersion !== modelVersion) return null;
  return {
    modelVersion,
    rows: parsed.data.rows.map((row) => ({
      ...row,
      embedding: row.embedding === null ? null : unpack(row.embedding),
    })),
  };
}

/** Whole or not at all. */
export async function writeDriftReference(path: string, reference: DriftReference): Promise<void> {
  const rows = reference.rows.map((row) => ({
    ...row,
    embedding: row.embedding === null ? null : pack(row.embedding),
  }));
  await writeFile(`${path}.new`, JSON.stringify({ modelVersion: reference.modelVersion, rows }));
  await rename(`${path}.new`, path);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const pack = (embedding: readonly number[]): string =>
  Buffer.from(Float32Array.from(embedding).buffer).toString('base64');

function unpack(text: string): number[] {
  const bytes = Uint8Array.from(Buffer.from(text, 'base64'));
  return Array.from(new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4)));
}
