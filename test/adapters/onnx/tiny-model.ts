import { fileURLToPath } from 'node:url';

import sharp from 'sharp';

import {
  InferencePool,
  type InferencePoolOptions,
} from '../../../src/adapters/onnx/inference-pool.ts';
import { readModelFolder } from '../../../src/adapters/onnx/model-folder.ts';
import type { Log } from '../../../src/ports/log.ts';

/** The model of the unit tests: tells red, green and blue apart. */
export const TINY_MODEL = fileURLToPath(new URL('../../fixtures/tiny-model', import.meta.url));

export const LIMITS = { bytesMax: 10_485_760, pixelsMax: 50_000_000 };

export const silentLog: Log = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};

export const plain = (background: string, width = 40, height = 30): Promise<Buffer> =>
  sharp({ create: { width, height, channels: 3, background } })
    .jpeg({ quality: 95 })
    .toBuffer();

/** A picture that takes a worker a tenth of a second or more: no decoder can shrink a PNG while it reads. */
export const slowImage = (): Promise<Buffer> =>
  sharp({ create: { width: 5000, height: 4000, channels: 3, background: '#00ff00' } })
    .png({ compressionLevel: 1 })
    .toBuffer();

export async function startTinyPool(
  options: Partial<InferencePoolOptions> = {},
): Promise<InferencePool> {
  return InferencePool.start({
    model: await readModelFolder(TINY_MODEL),
    limits: LIMITS,
    workers: 1,
    queueLimit: 4,
    deadlineMs: 5000,
    log: silentLog,
    random: { id: () => 'id', uniform: () => 0.5 },
    ...options,
  });
}
