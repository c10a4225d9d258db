import { existsSync } from 'node:fs';
import { format, parse } from 'node:path';

import { readDriftReference, writeDriftReference } from '../classifier/drift/drift-reference.ts';
import { createDriftThread } from '../classifier/drift/drift-thread.ts';
import { createDriftWatch, type DriftWatch } from '../classifier/drift/drift-watch.ts';
import type { ServedModel, StartableModel } from '../classifier/models.ts';
import type { Config } from '../config/parse-config.ts';
import type { Meter } from '../ports/meter.ts';
import { driftReferencePath } from './drift-reference-path.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * Watches the input of a model. Its reference was made beforehand, or is learned from the first predictions and kept: each
 * model's own, so that both know it again after a promotion and the way back.
 * @param setting that names the model's folder: the references of the two places do not overwrite each other
 */
export async function watchDrift(
  config: Config,
  model: ServedModel,
  setting: StartableModel['setting'],
  { clock, random, log, meter }: Surroundings & { readonly meter: Meter },
): Promise<DriftWatch> {
  const paths = { MODEL_DIR: driftReferencePath(config), SHADOW_MODEL_DIR: shadowPath(config) };
  const path = paths[setting];
  // A model that moved from one setting to the other finds its own again.
  const found = await Promise.all(
    Object.values(paths).map((place) => readDriftReference(place, model.version)),
  );
  const reference = found.find((one) => one !== null) ?? null;
  if (reference === null && existsSync(path))
    log.warn({ path, model: model.version }, 'drift reference of another model: learning anew');
  return createDriftWatch({
    modelVersion: model.version,
    reference,
    keep: (learned) => writeDriftReference(path, learned),
    thread: createDriftThread({ classes: model.classes }),
    ...{ meter, clock, random, log },
  });
}

function shadowPath(config: Config): string {
  const { dir, name, ext } = parse(driftReferencePath(config));
  return format({ dir, name: `${name}.shadow`, ext });
}
