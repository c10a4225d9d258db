// @ts-check
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { StartError } from './start-error.mjs';

/**
 * The settings, by the program's own code (built before): environment, then .env, then the secrets of this installation.
 * @param {{ root: string, env: Record<string, string | undefined>, warn: (message: string) => void }} what
 * @returns {Promise<{ env: Record<string, string | undefined>, config: Readonly<Record<string, any>>, dataDir: string }>}
 *   `env` without the secrets: the program reads them itself
 */
export async function readSettings({ root, env, warn }) {
  const { parseConfig } = await load(root, 'parse-config');
  const { strangeSettings } = await load(root, 'strange-settings');
  const { withDotEnv, withSecrets } = await load(root, 'secrets-file');
  const { dataDirOf } = await load(root, 'data-dir');
  try {
    const complete = withDotEnv(env, path.join(root, '.env'), (/** @type {string[]} */ names) =>
      strangeSettings(names).forEach(warn),
    );
    const dataDir = path.resolve(root, dataDirOf(complete));
    const config = parseConfig(withSecrets(complete, dataDir, warn));
    return { env: complete, config, dataDir };
  } catch (error) {
    if (/** @type {{ code?: string }} */ (error).code !== 'CONFIG_INVALID') throw error;
    throw new StartError(
      `${/** @type {Error} */ (error).message}\nCorrect them in the environment or in .env (docs/settings.md), then run npm start again.`,
      { cause: error },
    );
  }
}

/** @param {string} root @param {string} name */
const load = (root, name) =>
  import(pathToFileURL(path.join(root, 'dist', 'config', `${name}.js`)).href);
