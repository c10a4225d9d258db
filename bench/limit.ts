import { availableParallelism } from 'node:os';

import { InferencePool } from '../src/adapters/onnx/inference-pool.ts';
import { readModelFolder } from '../src/adapters/onnx/model-folder.ts';

const SECONDS = 10;
const quiet = (): void => undefined;

/**
 * What the machine can do at most: decoding and inference in as many worker threads as it has cores, without HTTP.
 */
export async function inProcessLimit(
  modelDir: string,
  images: readonly Buffer[],
): Promise<{ readonly perSecond: number; readonly cpuMsPerImage: number }> {
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
  const before = process.cpuUsage();
  const done = await countImages(pool, images, 2 * workers);
  const { user, system } = process.cpuUsage(before);
  await pool.stop();
  return { perSecond: done / SECONDS, cpuMsPerImage: (user + system) / 1000 / done };
}

/** How many images are done in the time. */
async function countImages(
  pool: InferencePool,
  images: readonly Buffer[],
  atATime: number,
): Promise<number> {
  const end = performance.now() + SECONDS * 1000;
  let done = 0;
  const loop = async (): Promise<void> => {
    for (let next = done; performance.now() < end; next++) {
      await pool.run(images[next % images.length] ?? Buffer.alloc(0));
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atATime }, loop));
  return done;
}
