import { InferencePool } from '../../src/adapters/onnx/inference-pool.ts';
import type { ModelFolder } from '../../src/adapters/onnx/model-folder.ts';
import { createLog } from '../../src/adapters/system/create-log.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import { createClassifyImage } from '../../src/classify/classify-image.ts';
import { UploadRejected } from '../../src/domain/errors.ts';
import type { Unit } from '../../src/domain/unit.ts';
import type { Records } from '../../src/wire/records.ts';
import { perceptualHash } from '../dataset/perceptual-hash.ts';
import { unmetered } from '../records/unmetered.ts';
import type { SeenPhotos } from './seen-photos.ts';

/** What became of a labelled prediction: the candidate's answer, or why there is none. */
export type CandidateAnswer =
  | { readonly kind: 'answered'; readonly className: string }
  | { readonly kind: 'seen' | 'no_image' };

const LONG_MS = 120_000;

export interface CandidateRun {
  readonly model: ModelFolder;
  readonly workers: number;
  readonly limits: { readonly bytesMax: number; readonly pixelsMax: number };
  readonly records: Records;
  readonly seen: SeenPhotos;
  readonly progress: (say: () => string) => void;
}

/**
 * Runs a candidate over the images of labelled predictions, by the code that serves.
 * @returns one answer a unit, in their order
 * @throws ModelUnusable
 */
export async function answerLabels(
  run: CandidateRun,
  units: readonly Unit[],
): Promise<readonly CandidateAnswer[]> {
  const inference = await InferencePool.start({
    ...run,
    queueLimit: units.length,
    deadlineMs: LONG_MS,
    log: createLog('silent'),
    random: systemRandom,
  });
  try {
    const classify = createClassifyImage({ inference, model: run.model, meter: unmetered });
    const answers: CandidateAnswer[] = [];
    for (let start = 0; start < units.length; start += 2 * run.workers) {
      const part = units.slice(start, start + 2 * run.workers);
      answers.push(...(await Promise.all(part.map((unit) => answerOne(run, classify, unit)))));
      run.progress(() => `${answers.length} of ${units.length} labelled predictions evaluated`);
    }
    return answers;
  } finally {
    await inference.stop();
  }
}

async function answerOne(
  { records, seen }: CandidateRun,
  classify: ReturnType<typeof createClassifyImage>,
  { predictionId }: Unit,
): Promise<CandidateAnswer> {
  if (seen.hasId(predictionId)) return { kind: 'seen' };
  const prediction = await records.store.findPrediction(predictionId);
  const image = prediction === null ? null : await records.objects.get(prediction.objectKey);
  if (prediction === null || image === null) return { kind: 'no_image' };
  const hash = seen.count === 0 ? null : await perceptualHash(image);
  if (seen.hasPicture(prediction.contentDigest, hash)) return { kind: 'seen' };
  try {
    const { classification } = await classify(image);
    return { kind: 'answered', className: classification.predictedClass };
  } catch (error) {
    if (error instanceof UploadRejected) return { kind: 'no_image' };
    throw error;
  }
}
