import { randomBytes, randomInt } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
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

import { makeSecret, secretsToMake } from '../../src/config/secrets.ts';

type Values = Readonly<Record<string, string | undefined>>;

const KEY_ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const random = (): string => randomBytes(32).toString('base64url');
const keyId = (): string =>
  Array.from({ length: 20 }, () => KEY_ID_CHARACTERS[randomInt(KEY_ID_CHARACTERS.length)]).join('');

/** What the containers need beside the program's own secrets. None of these characters means anything to Compose or a URL. */
const OF_THE_CONTAINERS: Readonly<Record<string, () => string>> = {
  REDIS_PASSWORD: random,
  POSTGRES_PASSWORD: random,
  GRAFANA_PASSWORD: random,
  JUPYTER_TOKEN: random,
  AWS_ACCESS_KEY_ID: keyId,
  AWS_SECRET_ACCESS_KEY: random,
};

const HEADER = `# Secrets of the containers, made by npm run secrets. Keep a copy: without SAMPLING_KEY the records can't be used any more.
# Never commit it. What stands here is never changed by a second run; settings of compose.yaml may be added below.
`;

/** File under secrets/ -> its content: for programs that read a password from a file. */
const FILES: Readonly<Record<string, (values: Values) => string>> = {
  'redis.conf': (values) => `requirepass ${values['REDIS_PASSWORD'] ?? ''}\n`,
  'postgres-password': (values) => values['POSTGRES_PASSWORD'] ?? '',
  'grafana-password': (values) => values['GRAFANA_PASSWORD'] ?? '',
  ops_key: (values) => values['OPS_KEY'] ?? '',
};

export interface MadeSecrets {
  readonly file: string;
  /** Names that were missing and are there now. */
  readonly made: readonly string[];
  readonly values: Values;
}

/**
 * Makes what is missing in FOLDER/.env (mode 0600) and writes FOLDER/secrets/ (mode 0700) from it. A value that is there
 * is never changed.
 * @param folder where compose.yaml is
 * @param domain host name for the profile tls; null leaves everything on 127.0.0.1
 * @param warn told when the file could be read by others; that has been put right by then
 * @throws Error when the file names another domain
 */
export function makeComposeSecrets(
  folder: string,
  domain: string | null,
  warn: (message: string) => void,
): MadeSecrets {
  const file = path.join(folder, '.env');
  closeToOthers(file, warn);
  const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const kept = parseEnv(before);
  const missing = { ...missingSecrets(kept), ...missingDomain(kept, domain, file) };
  const made = Object.keys(missing);
  if (made.length > 0) {
    const lines = Object.entries(missing).map(([name, value]) => `${name}=${value}\n`);
    writeWhole(file, `${(before === '' ? HEADER : before).trimEnd()}\n${lines.join('')}`, 0o600);
  }
  const values = parseEnv(readFileSync(file, 'utf8'));
  writeFiles(path.join(folder, 'secrets'), values);
  return { file, made, values };
}

function missingSecrets(kept: Values): Record<string, string> {
  const own = secretsToMake({}, kept).map((name) => [name, makeSecret(name)]);
  const others = Object.entries(OF_THE_CONTAINERS)
    .filter(([name]) => (kept[name] ?? '') === '')
    .map(([name, make]) => [name, make()]);
  return Object.fromEntries([...own, ...others]) as Record<string, string>;
}

/** Everything that a host name brings along; what the operator has set otherwise stays. */
function missingDomain(kept: Values, domain: string | null, file: string): Record<string, string> {
  if (domain === null) return {};
  if ((kept['DOMAIN'] ?? domain) !== domain) {
    throw new Error(
      `${file} says DOMAIN=${kept['DOMAIN'] ?? ''}: edit that line if it is to be ${domain}, this command changes none.`,
    );
  }
  const wanted = {
    DOMAIN: domain,
    COMPOSE_PROFILES: 'tls',
    TLS_ADDRESS: '0.0.0.0',
    SECURE_COOKIES: '1',
  };
  return Object.fromEntries(Object.entries(wanted).filter(([name]) => kept[name] === undefined));
}

/** Only the folder is closed: each file is mounted alone, and its reader in the container has another user id. */
function writeFiles(folder: string, values: Values): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  for (const [name, contentOf] of Object.entries(FILES)) {
    const file = path.join(folder, name);
    const content = contentOf(values);
    if (existsSync(file) && readFileSync(file, 'utf8') === content) continue;
    writeWhole(file, content, 0o444);
  }
}

function closeToOthers(file: string, warn: (message: string) => void): void {
  if (!existsSync(file) || (statSync(file).mode & 0o077) === 0) return;
  chmodSync(file, 0o600);
  warn(
    `${file} could be read by other users; it is 600 now. If anybody else works on this machine, rotate the secrets (docs/operations.md).`,
  );
}

/** The old content or the new one, also when the power fails. */
function writeWhole(file: string, text: string, mode: number): void {
  const partial = `${file}.${process.pid}`;
  rmSync(partial, { force: true });
  const handle = openSync(partial, 'wx', mode);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(partial, file);
}
