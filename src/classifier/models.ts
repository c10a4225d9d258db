import {
  type ClassifyImage,
  type ClassifyingModel,
  createClassifyImage,
} from '../classify/classify-image.ts';
import { NotFound, Overloaded } from '../domain/errors.ts';
import type { Inference } from '../ports/inference.ts';
import type { Log } from '../ports/log.ts';
import type { Meter } from '../ports/meter.ts';
import type { DriftWatch } from './drift/drift-watch.ts';

/** What the classifier says of a model. */
export interface ServedModel extends ClassifyingModel {
  readonly name: string;
  readonly sha256: string;
  /** Mean confidence on the held-out test, where it is known. */
  readonly confidenceReference?: number | undefined;
}

/** What a model does here: it answers, or it is asked beside the one that does. */
export type ModelRole = 'serving' | 'shadow';

type EndingInference = Inference & { stop(): Promise<void> };

/** A model that can be started; twice at a time while it changes its role. */
export interface StartableModel {
  readonly model: ServedModel;
  /** The setting that names its folder. */
  readonly setting: 'MODEL_DIR' | 'SHADOW_MODEL_DIR';
  /** @throws ModelUnusable */
  start(role: ModelRole): Promise<EndingInference>;
  /** Watches the input while the model serves. */
  watch?(): Promise<DriftWatch>;
}

/** A model with what runs it. */
export interface RunningModel {
  readonly model: ServedModel;
  readonly setting: StartableModel['setting'];
  readonly inference: EndingInference;
  readonly classifyImage: ClassifyImage;
  /** Null while it does not serve. */
  readonly watch: DriftWatch | null;
}

/** The models of one classifier. Ask anew for each image: the roles change while requests come in. */
export interface Models {
  serving(): RunningModel;
  /** The model that does not serve; null without SHADOW_MODEL_DIR. */
  shadow(): RunningModel | null;
  /**
   * Lets the model of this version serve and the other one be its shadow. Both are started in their new roles before the
   * first request goes there; what the former workers have begun, they answer.
   * @throws NotFound when no model here has the version, Overloaded while stopping, what `start` and `keep` throw: the roles are as before then
   */
  promote(version: string): Promise<void>;
  /** Answers what waits, then ends every worker. */
  stop(): Promise<void>;
}

export interface ModelsOptions {
  readonly serving: StartableModel;
  readonly shadow: StartableModel | null;
  readonly meter: Meter;
  readonly log: Log;
  /** Makes the next start begin with this model; durable when it resolves. */
  readonly keep: (serving: ServedModel) => Promise<void>;
}

interface Pair {
  readonly serving: RunningModel;
  readonly shadow: RunningModel | null;
}

/** @throws ModelUnusable */
export async function startModels(options: ModelsOptions): Promise<Models> {
  const { meter, log, keep } = options;
  let startable = { serving: options.serving, shadow: options.shadow };
  let running = await startPair(startable, meter);
  let isStopping = false;
  let lastChange: Promise<void> = Promise.resolve();
  /** Those that answer what they have begun. */
  const ending = new Set<Promise<void>>();

  const end = (pair: Pair): void => {
    const ended = stopPair(pair).finally(() => ending.delete(ended));
    ending.add(ended);
  };
  const promote = async (version: string): Promise<void> => {
    if (isStopping) throw new Overloaded('draining', 'The service is stopping.', 1);
    if (startable.serving.model.version === version) return;
    if (startable.shadow?.model.version !== version) throw noSuchModel(version, startable);
    const next = { serving: startable.shadow, shadow: startable.serving };
    const pair = await startPair(next, meter);
    try {
      await keep(next.serving.model);
    } catch (error) {
      end(pair);
      throw error;
    }
    const former = running;
    [startable, running] = [next, pair];
    end(former);
    log.info({ model: version, shadow: next.shadow.model.version }, 'model promoted');
  };
  return {
    serving: () => running.serving,
    shadow: () => running.shadow,
    promote(version) {
      const change = lastChange.then(() => promote(version));
      lastChange = change.catch(() => undefined);
      return change;
    },
    async stop() {
      isStopping = true;
      await lastChange;
      end(running);
      await Promise.all(ending);
    },
  };
}

async function startPair(
  { serving, shadow }: Pick<ModelsOptions, 'serving' | 'shadow'>,
  meter: Meter,
): Promise<Pair> {
  const first = await startModel(serving, 'serving', meter);
  try {
    return {
      serving: first,
      shadow: shadow === null ? null : await startModel(shadow, 'shadow', null),
    };
  } catch (error) {
    await stopModel(first);
    throw error;
  }
}

/** @param meter null: its answers are no predictions, and count as none */
async function startModel(
  startable: StartableModel,
  role: ModelRole,
  meter: Meter | null,
): Promise<RunningModel> {
  const { model } = startable;
  const inference = await startable.start(role);
  const watch = role === 'serving' ? await startable.watch?.() : null;
  return {
    model,
    setting: startable.setting,
    inference,
    classifyImage: createClassifyImage({ inference, model, meter }),
    watch: watch ?? null,
  };
}

async function stopPair({ serving, shadow }: Pair): Promise<void> {
  await Promise.all([stopModel(serving), shadow === null ? null : stopModel(shadow)]);
}

async function stopModel({ inference, watch }: RunningModel): Promise<void> {
  await inference.stop();
  await watch?.stop();
}

function noSuchModel(
  version: string,
  { serving, shadow }: Pick<ModelsOptions, 'serving' | 'shadow'>,
): NotFound {
  const versions = [serving, shadow].flatMap((one) => (one === null ? [] : [one.model.version]));
  return new NotFound(
    `No model here has the version ${version}: expected ${versions.join(' or ')}.`,
  );
}
