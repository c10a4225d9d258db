import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';

import { ConfigInvalid } from '../domain/errors.ts';
import { makeSecret, SECRET_NAMES, secretsToMake } from './secrets.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const HEADER = `# Secrets of this installation, made at its first start. Keep this file: without SAMPLING_KEY the records can't be
# used any more, without IMAGE_URL_KEY the picture addresses in open tasks stop working. Never commit it.
`;

/**
 * Adds the secrets kept in DATA_DIR/secrets.env (mode 0600), after making those that are missing. What is set in `env`
 * wins, and nothing that the file holds is ever changed. With STORE=redis none is made.
 * @param env variables, `.env` included (see withDotEnv)
 * @param dataDir folder of this installation, made when it is not there
 * @param warn told when the file could be read by others; that has been put right by then
 * @returns `env` with the secrets
 * @throws ConfigInvalid when the file can't be read or written
 */
export function withSecrets(
  env: Environment,
  dataDir: string,
  warn: (message: string) => void,
): Environment {
  const file = path.join(dataDir, 'secrets.env');
  try {
    closeToOthers(file, warn);
    let kept = readSecrets(file);
    const names = secretsToMake(env, kept);
    if (names.length > 0) {
      append(file, names.map((name) => `${name}=${makeSecret(name)}\n`).join(''));
      kept = readSecrets(file);
    }
    const used = SECRET_NAMES.filter((name) => env[name] === undefined || env[name] === '');
    return { ...env, ...Object.fromEntries(used.map((name) => [name, kept[name]])) };
  } catch (cause) {
    throw new ConfigInvalid(
      `${file} could not be read or written: ${(cause as Error).message}. Check DATA_DIR, its owner and the free space.`,
      { cause },
    );
  }
}

/**
 * The same for a command about an installation that is there: a folder without secrets.env gets none. Whoever asks an
 * installation elsewhere gives the secret that it asks for in `env`; the others are made up then, and kept nowhere.
 * @throws ConfigInvalid also when there is neither the file nor a secret in `env`
 */
export function withKeptSecrets(
  env: Environment,
  dataDir: string,
  warn: (message: string) => void,
): Environment {
  const file = path.join(dataDir, 'secrets.env');
  if (existsSync(file)) return withSecrets(env, dataDir, warn);
  const missing = secretsToMake(env, {});
  if (missing.length > 0 && SECRET_NAMES.every((name) => (env[name] ?? '') === ''))
    throw new ConfigInvalid(
      `${file} is not there: nothing was started here yet (npm start makes it), or DATA_DIR names another folder.`,
    );
  return { ...env, ...Object.fromEntries(missing.map((name) => [name, makeSecret(name)])) };
}

/**
 * Adds the settings of an optional `.env` file. What is in `env` wins, even when it is empty.
 * @param onNames told the names that the file holds
 * @throws ConfigInvalid when the file is there and can't be read
 */
export function withDotEnv(
  env: Environment,
  file: string,
  onNames: (names: readonly string[]) => void = () => undefined,
): Environment {
  if (!existsSync(file)) return env;
  try {
    const settings = parseEnv(readFileSync(file, 'utf8'));
    onNames(Object.keys(settings));
    return { ...settings, ...env };
  } catch (cause) {
    throw new ConfigInvalid(`${file} could not be read: ${(cause as Error).message}`, { cause });
  }
}

function readSecrets(file: string): Environment {
  return existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
}

/** Others who could read the file may have done so: that has to be said, not only mended. */
function closeToOthers(file: string, warn: (message: string) => void): void {
  if (!existsSync(file)) return;
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  chmodSync(file, 0o600);
  warn(
    `${file} could be read by other users (mode ${mode.toString(8)}); it is 600 now. If anybody else works on this machine, rotate the secrets (docs/operations.md).`,
  );
}

/** All or nothing, also when the power fails; of two first starts at once, one's secrets hold for both. */
function append(file: string, lines: string): void {
  makeFolder(path.dirname(file));
  const before = existsSync(file) ? readFileSync(file, 'utf8') : null;
  const partial = `${file}.${process.pid}`;
  rmSync(partial, { force: true });
  try {
    writeDurably(partial, `${(before ?? HEADER).trimEnd()}\n${lines}`);
    if (before === null) linkUnlessThere(partial, file);
    else renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** One folder at a time: Node's own recursive mkdir never returns below /proc, where nothing can be made. */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function writeDurably(file: string, text: string): void {
  const handle = openSync(file, 'wx', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function linkUnlessThere(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
