import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { z } from 'zod';

import { type ModelFolder, readModelFolder } from '../adapters/onnx/model-folder.ts';
import {
  type ExamplePictures,
  readExamplePictures,
} from '../adapters/sharp/read-example-pictures.ts';
import type { Config } from '../config/parse-config.ts';
import { ConfigInvalid } from '../domain/errors.ts';
import type { ModelVersion } from '../domain/ids.ts';
import type { OfflineResult } from '../domain/offline-result.ts';
import { NONE_OF_THESE } from '../domain/prediction.ts';
import { readShadowModel } from './shadow-model.ts';

/** What this installation speaks about. */
export interface Deployment {
  readonly classes: readonly string[];
  /** Of a model's answers, in [0, 1]. */
  readonly lowConfidenceThreshold: (modelVersion: ModelVersion) => number;
  /** What the release tests said, of the models here whose model.json tells it. */
  readonly offline: readonly OfflineResult[];
  /** The model in MODEL_DIR; null where only reported predictions are measured. */
  readonly model: ModelFolder | null;
  /** The model in SHADOW_MODEL_DIR, of the same classes in whatever order. */
  readonly shadow: ModelFolder | null;
  /** From `examples/` of MODEL_DIR, for the annotators' instructions. */
  readonly examples: ExamplePictures;
}

/** Where no model says better. */
const DEFAULT_THRESHOLD = 0.7;

const classesSchema = z
  .array(z.string().trim().min(1).max(200))
  .min(2)
  .refine((names) => new Set(names).size === names.length, 'each class once')
  .refine(
    (names) => !names.includes(NONE_OF_THESE),
    `"${NONE_OF_THESE}" is always there and can't be a class`,
  );

/**
 * The classes and the model of this installation: CLASSES_FILE where it is set (and no classifier runs here), else MODEL_DIR.
 * @throws ConfigInvalid when CLASSES_FILE can't be used, ModelUnusable when MODEL_DIR can't
 */
export async function readDeployment(config: Config): Promise<Deployment> {
  const isReporting = config.CLASSES_FILE !== undefined && !config.ROLES.includes('classifier');
  const model = isReporting ? null : await readModelFolder(config.MODEL_DIR);
  const classes = isReporting ? readClasses(config.CLASSES_FILE ?? '') : (model?.classes ?? []);
  const shadow = await readShadowModel(config, model);
  const models = [model, shadow].filter((one) => one !== null);
  return {
    classes,
    lowConfidenceThreshold: (modelVersion) => {
      const answering = models.find(({ version }) => version === modelVersion) ?? model;
      return (
        config.LOW_CONFIDENCE_THRESHOLD ?? answering?.lowConfidenceThreshold ?? DEFAULT_THRESHOLD
      );
    },
    offline: models.flatMap(({ version, offline }) =>
      offline === undefined ? [] : [{ modelVersion: version, ...offline }],
    ),
    model,
    shadow,
    examples:
      model === null
        ? { pictures: [], faults: [] }
        : await readExamplePictures(join(config.MODEL_DIR, 'examples'), classes),
  };
}

/**
 * Classes as a JSON array of names, or one name a line.
 * @param setting how the person named the file, for messages
 * @throws ConfigInvalid
 */
export function readClasses(path: string, setting = 'CLASSES_FILE='): readonly string[] {
  const text = readText(path, setting);
  const parsed = classesSchema.safeParse(namesIn(text));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ message }) => message).join('; ');
  throw new ConfigInvalid(
    `${setting}${path}: expected at least two class names, as a JSON array or one a line (${faults}).`,
  );
}

function readText(path: string, setting: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigInvalid(`${setting}${path} can't be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function namesIn(text: string): unknown {
  if (text.trimStart().startsWith('[')) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
