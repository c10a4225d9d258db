import path from 'node:path';
import process from 'node:process';

import { dataDirOf } from '../../src/config/data-dir.ts';
import { type Config, parseConfig } from '../../src/config/parse-config.ts';
import { withDotEnv, withKeptSecrets } from '../../src/config/secrets-file.ts';

/** The settings of the installation that this command speaks about, as its program reads them. @throws ConfigInvalid */
export function loadConfig(): Config {
  const env = withDotEnv(process.env, path.resolve('.env'));
  const warn = (message: string): void => void process.stderr.write(`${message}\n`);
  return parseConfig(withKeptSecrets(env, dataDirOf(env), warn));
}
