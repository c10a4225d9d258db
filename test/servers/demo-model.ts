import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeModel } from '../../scripts/start/model.mjs';
import { type ModelFolder, readModelFolder } from '../../src/adapters/onnx/model-folder.ts';
import { temporaryFolder } from './server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DEMO_MODEL = path.join(ROOT, 'models', 'food11');

/** The demonstration model; made first where it is missing. */
export async function demoModel(): Promise<ModelFolder> {
  if (!existsSync(path.join(DEMO_MODEL, 'model.json')))
    await makeModel({
      root: ROOT,
      env: process.env,
      logFile: path.join(temporaryFolder('model'), 'make-model.log'),
      onChild: () => undefined,
    });
  return readModelFolder(DEMO_MODEL);
}
