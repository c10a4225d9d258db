import type { ModelVersion } from '../domain/ids.ts';
import type { Classification } from '../ports/classifier.ts';
import type { Inference, ModelOutput } from '../ports/inference.ts';
import type { Meter } from '../ports/meter.ts';
import { softmax } from './softmax.ts';
import { topClass } from './top-class.ts';

/** What turning numbers into an answer needs to know of a model. */
export interface ClassifyingModel {
  readonly version: ModelVersion;
  /** In the order of the logits. */
  readonly classes: readonly string[];
}

/** An answer, with what the model gave for those who watch its input. */
export interface ClassifiedImage {
  readonly classification: Classification & {
    readonly probabilities: Readonly<Record<string, number>>;
  };
  readonly embedding: Float32Array | null;
}

export type ClassifyImage = (image: Uint8Array, signal?: AbortSignal) => Promise<ClassifiedImage>;

/**
 * Step 2 of a prediction: runs the model and says which class is the likeliest.
 * @returns a function that takes an encoded image (handed over) and throws what `Inference.run` throws
 */
export function createClassifyImage(options: {
  readonly inference: Inference;
  readonly model: ClassifyingModel;
  /** Null: what it answers is no prediction of the service, and is not measured as one. */
  readonly meter: Meter | null;
}): ClassifyImage {
  const { inference, model, meter } = options;
  return async (image, signal) => {
    const output = await inference.run(image, signal);
    const begin = performance.now();
    const classified = readOutput(output, model);
    const postprocess = (performance.now() - begin) / 1000;
    if (meter !== null) measure(meter, classified, { ...output.seconds, postprocess });
    return classified;
  };
}

function readOutput(output: ModelOutput, model: ClassifyingModel): ClassifiedImage {
  const probabilities = softmax(output.logits);
  return {
    classification: {
      ...topClass(probabilities, model.classes),
      probabilities: Object.fromEntries(
        model.classes.map((name, index) => [name, probabilities[index] ?? 0]),
      ),
      modelVersion: model.version,
    },
    embedding: output.embedding,
  };
}

const STAGES = ['decode', 'preprocess', 'infer', 'postprocess'] as const;

function measure(
  meter: Meter,
  { classification }: ClassifiedImage,
  seconds: Readonly<Record<(typeof STAGES)[number], number>>,
): void {
  meter.observe('prediction_confidence', classification.confidence);
  meter.increment('predicted_class_total', { class_name: classification.predictedClass });
  for (const stage of STAGES)
    meter.observe('truthloop_predict_stage_duration_seconds', seconds[stage], { stage });
  // One image a run: the workers are the batch.
  meter.observe('truthloop_batch_size', 1);
}
