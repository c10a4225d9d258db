import { type ModelFolder, readModelFolder } from '../adapters/onnx/model-folder.ts';
import type { Config } from '../config/parse-config.ts';
import { ConfigInvalid } from '../domain/errors.ts';

/**
 * The model in SHADOW_MODEL_DIR; null where none is set.
 * @param model the one in MODEL_DIR, null where none is here
 * @throws ModelUnusable, ConfigInvalid when it could not be compared with the other one
 */
export async function readShadowModel(
  { MODEL_DIR, SHADOW_MODEL_DIR: dir }: Pick<Config, 'MODEL_DIR' | 'SHADOW_MODEL_DIR'>,
  model: ModelFolder | null,
): Promise<ModelFolder | null> {
  if (dir === undefined || model === null) return null;
  const shadow = await readModelFolder(dir, 'SHADOW_MODEL_DIR');
  const faults = [...versionFaults(model, shadow), ...classFaults(model, shadow)];
  if (faults.length === 0) return shadow;
  throw new ConfigInvalid(
    `SHADOW_MODEL_DIR=${dir} can't stand beside MODEL_DIR=${MODEL_DIR}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
  );
}

const versionFaults = (model: ModelFolder, shadow: ModelFolder): string[] =>
  model.version === shadow.version
    ? [
        `both have the version ${model.version}: expected another model, with a version of its own in its model.json`,
      ]
    : [];

/** Names decide: each model's answers are read by its own order. */
function classFaults(model: ModelFolder, shadow: ModelFolder): string[] {
  const without = (these: ModelFolder, others: ModelFolder): string =>
    these.classes.filter((name) => !others.classes.includes(name)).join(', ');
  const [missing, strange] = [without(model, shadow), without(shadow, model)];
  return [
    ...(missing === '' ? [] : [`it does not know these classes of MODEL_DIR: ${missing}`]),
    ...(strange === '' ? [] : [`it has classes that MODEL_DIR does not know: ${strange}`]),
  ];
}
