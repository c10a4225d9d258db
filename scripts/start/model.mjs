// @ts-check
// The demonstration model, made by data-prep/ once.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { cacheFolder } from './label-studio.mjs';
import { run } from './run.mjs';
import { ensureVenv } from './venv.mjs';

const DEMO_MODEL = path.join('models', 'food11');

/**
 * Whether the demonstration model has to be made: somebody needs a model, it is the demonstration's, and it isn't there.
 * A folder of one's own (MODEL_DIR) is never written to.
 * @param {{ ROLES: readonly string[], MODEL_DIR: string, CLASSES_FILE?: string | undefined }} config
 * @param {string} root
 */
export function isModelMissing(config, root) {
  const isNeeded = config.ROLES.includes('classifier') || config.CLASSES_FILE === undefined;
  const folder = path.resolve(root, config.MODEL_DIR);
  const isDemo = folder === path.join(root, DEMO_MODEL);
  return isNeeded && isDemo && !existsSync(path.join(folder, 'model.json'));
}

/**
 * @param {object} what
 * @param {string} what.root
 * @param {Record<string, string | undefined>} what.env
 * @param {string} what.logFile
 * @param {import('./run.mjs').OnChild} what.onChild
 * @param {'fp32' | 'int8'} [what.variant]
 * @returns {Promise<string>} its folder
 */
export async function makeModel({ root, env, logFile, onChild, variant = 'fp32' }) {
  const out = path.join(root, variant === 'fp32' ? DEMO_MODEL : `${DEMO_MODEL}-${variant}`);
  const dataPrep = path.join(root, 'data-prep');
  const requirements = path.join(dataPrep, 'requirements.txt');
  const folder = path.join(cacheFolder(env), 'data-prep');
  const key = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  await ensureVenv({ folder, key, requirements: ['-r', requirements], logFile, env, onChild });
  await run({
    name: 'making the model',
    command: path.join(folder, 'bin', 'python'),
    args: [path.join(dataPrep, 'build_model.py'), '--variant', variant, '--out', out],
    cwd: root,
    env: { ...env, PYTHONUNBUFFERED: '1' },
    logFile,
    onChild,
  });
  return out;
}
