import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { makeModel } from '../../scripts/start/model.mjs';
import { type ModelFolder, readModelFolder } from '../../src/adapters/onnx/model-folder.ts';
import { temporaryFolder } from './server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const DEMO_MODEL = path.join(ROOT, 'models', 'food11');
export const INT8_MODEL = `${DEMO_MODEL}-int8`;

/** The demonstration model; made first where it is missing. */
export async function demoModel(variant: 'fp32' | 'int8' = 'fp32'): Promise<ModelFolder> {
  const folder = variant === 'fp32' ? DEMO_MODEL : INT8_MODEL;
  if (!existsSync(path.join(folder, 'model.json')))
    await makeModel({
      root: ROOT,
      env: process.env,
      logFile: path.join(temporaryFolder('model'), 'make-model.log'),
      onChild: () => undefined,
      variant,
    });
  return readModelFolder(folder);
}
