import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

import { z } from 'zod';

import { StoreUnavailable } from '../domain/errors.ts';
import { syncPath, writeDurably } from '../files/durable-files.ts';

/** Which of two models serves. It holds for these two only: other models in their places begin anew. */
export interface Promotion {
  /** Version of the model in MODEL_DIR. */
  readonly model: string;
  /** Version of the model in SHADOW_MODEL_DIR. */
  readonly shadow: string;
  /** One of the two. */
  readonly serving: string;
}

const fileSchema = z.object({ model: z.string(), shadow: z.string(), serving: z.string() });

/** @returns null when nothing was ever promoted, or the file is no promotion */
export async function readPromotion(path: string): Promise<Promotion | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  try {
    return fileSchema.safeParse(text === null ? null : JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}

/** Whole and on the disk, or not at all. @throws StoreUnavailable */
export async function writePromotion(path: string, promotion: Promotion): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeDurably(`${path}.new`, `${JSON.stringify(promotion)}\n`);
    await rename(`${path}.new`, path);
    await syncPath(dirname(path));
  } catch (cause) {
    throw new StoreUnavailable(
      `${path} can't be written (${(cause as Error).message}), so the models keep their roles: let this user write there.`,
      { cause },
    );
  }
}
