import { availableParallelism } from 'node:os';

import { InferencePool } from '../src/adapters/onnx/inference-pool.ts';
import { readModelFolder } from '../src/adapters/onnx/model-folder.ts';

const SECONDS = 10;
const quiet = (): void => undefined;

/**
 * What the machine can do at most: decoding and inference in as many worker threads as it has cores, without HTTP.
 * @returns images per second
 */
export async function inProcessLimit(modelDir: string, images: readonly Buffer[]): Promise<number> {
  const workers = availableParallelism();
  const pool = await InferencePool.start({
    model: await readModelFolder(modelDir),
    limits: { bytesMax: 50_000_000, pixelsMax: 50_000_000 },
    workers,
    queueLimit: 4 * workers,
    deadlineMs: 60_000,
    log: { error: quiet, warn: quiet, info: quiet, debug: quiet },
    random: { id: () => '', uniform: () => 0.5 },
  });
  const perSecond = await rate(pool, images, 2 * workers);
  await pool.stop();
  return perSecond;
}

async function rate(
  pool: InferencePool,
  images: readonly Buffer[],
  atATime: number,
): Promise<number> {
  const end = performance.now() + SECONDS * 1000;
  let done = 0;
  const loop = async (): Promise<void> => {
    for (let next = done; performance.now() < end; next++) {
      await pool.run(Buffer.from(images[next % images.length] ?? Buffer.alloc(0)));
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atATime }, loop));
  return done / SECONDS;
}
