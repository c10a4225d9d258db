import ort from 'onnxruntime-node';

import { ModelUnusable } from '../../domain/errors.ts';
import type { ModelFolder } from './model-folder.ts';

export interface ModelSession {
  /** @param tensor one image in the model's layout */
  run(tensor: Float32Array): Promise<{
    readonly logits: Float32Array;
    readonly embedding: Float32Array | null;
  }>;
}

/**
 * Loads a model on one thread and runs it once, so that the first request does not pay for it.
 * `run` blocks the thread that calls it: never the one that serves HTTP.
 * @throws ModelUnusable when the file does not load or does not give what its model.json says
 */
export async function openModelSession(model: ModelFolder): Promise<ModelSession> {
  const session = await load(model);
  const { width, height, layout, name } = model.input;
  const dims = layout === 'NCHW' ? [1, 3, height, width] : [1, height, width, 3];
  const fetches = [model.outputs.logits, model.outputs.embedding].filter(
    (output) => output != null,
  );
  assertNames(model, session, fetches);
  const opened: ModelSession = {
    async run(tensor) {
      const outputs = await session.run(
        { [name]: new ort.Tensor('float32', tensor, dims) },
        fetches,
      );
      const take = (output: string): Float32Array => outputs[output]?.data as Float32Array;
      return {
        logits: take(model.outputs.logits),
        embedding: model.outputs.embedding == null ? null : take(model.outputs.embedding),
      };
    },
  };
  await warmUp(model, opened);
  return opened;
}

async function load(model: ModelFolder): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model.path, {
      executionProviders: ['cpu'],
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
    });
  } catch (error) {
    throw new ModelUnusable(`${model.path} can't be loaded: make the model folder again.`, {
      cause: error,
    });
  }
}

function assertNames(
  model: ModelFolder,
  session: ort.InferenceSession,
  fetches: readonly string[],
): void {
  const missing = [
    ...[model.input.name].filter((name) => !session.inputNames.includes(name)),
    ...fetches.filter((name) => !session.outputNames.includes(name)),
  ];
  if (missing.length > 0)
    throw new ModelUnusable(
      `${model.path} has no ${missing.join(' and no ')}: its inputs are ${session.inputNames.join(', ')}, its outputs ${session.outputNames.join(', ')}; correct its model.json.`,
    );
}

async function warmUp(model: ModelFolder, session: ModelSession): Promise<void> {
  const { width, height } = model.input;
  const { logits } = await session
    .run(new Float32Array(3 * width * height))
    .catch((error: unknown) => {
      throw new ModelUnusable(
        `${model.path} does not run on one float32 image of ${width} x ${height} in ${model.input.layout}: correct its model.json.`,
        { cause: error },
      );
    });
  if (!(logits instanceof Float32Array) || logits.length !== model.classes.length)
    throw new ModelUnusable(
      `${model.path} gives ${logits.length} float32 logits for ${model.classes.length} classes: correct its model.json.`,
    );
}
