import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { parseConfig } from '../../src/config/parse-config.ts';
import { SECRET_NAMES } from '../../src/config/secrets.ts';
import { withDotEnv, withSecrets } from '../../src/config/secrets-file.ts';
import { ConfigInvalid } from '../../src/domain/errors.ts';

describe('secrets of an installation', () => {
  let folder: string;
  let dataDir: string;
  let warnings: string[];
  const warn = (message: string): void => void warnings.push(message);
  const file = (): string => path.join(dataDir, 'secrets.env');

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-secrets-'));
    dataDir = path.join(folder, 'data');
    warnings = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('the first start makes every secret, for its owner only, and settings are complete with them', () => {
    const env = withSecrets({}, dataDir, warn);
    for (const name of SECRET_NAMES) assert.ok((env[name] ?? '').length >= 16, name);
    assert.match(env['LABEL_STUDIO_TOKEN'] ?? '', /^[0-9a-f]{40}$/);
    assert.equal(Buffer.from(env['SAMPLING_KEY'] ?? '', 'base64url').length, 32);
    assert.equal(statSync(file()).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(dataDir), ['secrets.env']);
    assert.equal(parseConfig(env).LABEL_STUDIO_USERNAME, env['LABEL_STUDIO_USERNAME']);
    assert.deepEqual(warnings, []);
  });

  it('no two secrets and no two installations are alike', () => {
    const values = (name: string): (string | undefined)[] => {
      const env = withSecrets({}, path.join(folder, name), warn);
      return SECRET_NAMES.filter((secret) => secret !== 'LABEL_STUDIO_USERNAME').map((s) => env[s]);
    };
    const all = [...values('a'), ...values('b')];
    assert.equal(new Set(all).size, all.length);
  });

  it('a place where no folder can be made is said at once, with the setting to change', () => {
    const nowhere = process.platform === 'linux' ? '/proc/nope/data' : '/dev/null/data';
    assert.throws(() => withSecrets({}, nowhere, warn), /Check DATA_DIR/);
  });

  it('a second start finds the same secrets and leaves the file alone', () => {
    const first = withSecrets({}, dataDir, warn);
    const text = readFileSync(file(), 'utf8');
    assert.deepEqual(withSecrets({}, dataDir, warn), first);
    assert.equal(readFileSync(file(), 'utf8'), text);
  });

  it('a secret that is set wins and is not written down', () => {
    const env = withSecrets({ OPS_KEY: 'my own ops key, long enough' }, dataDir, warn);
    assert.equal(env['OPS_KEY'], 'my own ops key, long enough');
    assert.doesNotMatch(readFileSync(file(), 'utf8'), /OPS_KEY/);
  });

  it('an empty one counts as not set', () => {
    assert.ok((withSecrets({ OPS_KEY: '' }, dataDir, warn)['OPS_KEY'] ?? '').length >= 16);
  });

  it('a file that lacks some gets just those, and keeps every other line', () => {
    withSecrets({}, dataDir, warn);
    const lines = readFileSync(file(), 'utf8').split('\n');
    const without = lines.filter((line) => !line.startsWith('OPS_KEY=')).join('\n');
    writeFileSync(file(), `${without}# a note\n`);
    const env = withSecrets({}, dataDir, warn);
    const after = readFileSync(file(), 'utf8');
    assert.ok(after.startsWith(`${without}# a note\n`));
    assert.ok(after.endsWith(`OPS_KEY=${env['OPS_KEY'] ?? ''}\n`));
    assert.equal(statSync(file()).mode & 0o777, 0o600);
  });

  it('with a shared store none is made, and the start stops naming what is missing', () => {
    const env = withSecrets({ STORE: 'redis', REDIS_URL: 'redis://127.0.0.1' }, dataDir, warn);
    assert.throws(
      () => parseConfig(env),
      (error: Error) =>
        error instanceof ConfigInvalid &&
        SECRET_NAMES.every((name) => error.message.includes(name)),
    );
  });

  it('the token of somebody else’s Label Studio is asked for, not invented', () => {
    const env = withSecrets({ LABEL_STUDIO_URL: 'https://labels.example.org' }, dataDir, warn);
    assert.equal(env['LABEL_STUDIO_TOKEN'], undefined);
    assert.throws(() => parseConfig(env), /LABEL_STUDIO_TOKEN is not set/);
  });

  it('a file that others could read is closed to them, and that is said', () => {
    withSecrets({}, dataDir, warn);
    chmodSync(file(), 0o644);
    withSecrets({}, dataDir, warn);
    assert.equal(statSync(file()).mode & 0o777, 0o600);
    assert.match(warnings.join('\n'), /could be read by other users \(mode 644\)/);
  });

  it('a folder that can’t be made is told as a setting to check', () => {
    writeFileSync(dataDir, 'a file, not a folder');
    assert.throws(() => withSecrets({}, dataDir, warn), /DATA_DIR/);
  });
});

describe('.env', () => {
  it('fills in what the environment does not say; a variable that is there wins, even empty', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-dotenv-'));
    const file = path.join(folder, '.env');
    writeFileSync(file, '# a comment\nWEB_PORT=5001\nLOG_LEVEL="debug"\nPROJECT_PREFIX=Shop\n');
    assert.deepEqual(withDotEnv({ WEB_PORT: '5002', PROJECT_PREFIX: '' }, file), {
      WEB_PORT: '5002',
      LOG_LEVEL: 'debug',
      PROJECT_PREFIX: '',
    });
    rmSync(folder, { recursive: true });
  });

  it('may be missing', () => {
    assert.deepEqual(withDotEnv({ A: '1' }, '/nonexistent/.env'), { A: '1' });
  });
});
