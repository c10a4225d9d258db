import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';

import { makeComposeSecrets } from '../../scripts/secrets/compose-secrets.ts';
import { nextSteps } from '../../scripts/secrets/next-steps.ts';
import { SECRET_NAMES } from '../../src/config/secrets.ts';
import { composeWith } from './compose-file.ts';

const root = path.resolve(import.meta.dirname, '../..');
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const silent = (): void => undefined;
const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8);

describe('npm run secrets', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-secrets-'));
    file = path.join(folder, '.env');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('makes every secret anew for each installation, readable by its owner alone', () => {
    const { values } = makeComposeSecrets(folder, null, silent);
    assert.equal(modeOf(file), '600');
    for (const name of SECRET_NAMES) assert.ok((values[name] ?? '').length >= 16, name);
    const random = Object.entries(values).filter(([name]) => name !== 'LABEL_STUDIO_USERNAME');
    assert.equal(new Set(random.map(([, value]) => value)).size, random.length);
    const other = mkdtempSync(path.join(os.tmpdir(), 'truthloop-secrets-'));
    try {
      const others = makeComposeSecrets(other, null, silent).values;
      for (const [name, value] of random) assert.notEqual(value, others[name], name);
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it('makes values that mean the same to Compose, to a URL and to this program', () => {
    const { values } = makeComposeSecrets(folder, null, silent);
    for (const [name, value] of Object.entries(values)) {
      assert.match(value ?? '', /^[\w.@-]+$/, name);
      assert.equal(encodeURIComponent(value ?? '').replace('%40', '@'), value, name);
    }
  });

  it('never changes what is there, and adds what is missing', () => {
    writeFileSync(file, '# mine\nSAMPLING_KEY=one-that-must-never-change\nWEB_PORT=5050\n', {
      mode: 0o600,
    });
    makeComposeSecrets(folder, null, silent);
    const once = readFileSync(file, 'utf8');
    assert.ok(once.startsWith('# mine\nSAMPLING_KEY=one-that-must-never-change\nWEB_PORT=5050\n'));
    const { made } = makeComposeSecrets(folder, null, silent);
    assert.deepEqual(made, []);
    assert.equal(readFileSync(file, 'utf8'), once);
  });

  it('writes the files of the containers from the same values, in a folder that only its owner enters', () => {
    const { values } = makeComposeSecrets(folder, null, silent);
    const secrets = path.join(folder, 'secrets');
    assert.equal(modeOf(secrets), '700');
    for (const { file: name } of Object.values(composeWith().secrets)) {
      assert.equal(modeOf(path.join(folder, name)), '444', name);
    }
    const read = (name: string): string => readFileSync(path.join(secrets, name), 'utf8');
    assert.equal(read('ops_key'), values['OPS_KEY']);
    assert.equal(read('redis.conf'), `requirepass ${values['REDIS_PASSWORD'] ?? ''}\n`);
    assert.equal(read('postgres-password'), values['POSTGRES_PASSWORD']);
    assert.equal(read('grafana-password'), values['GRAFANA_PASSWORD']);
  });

  it('brings the files in step again after a secret was rotated in .env', () => {
    makeComposeSecrets(folder, null, silent);
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/^OPS_KEY=.*$/m, 'OPS_KEY=a-new-one-of-somebody'),
    );
    makeComposeSecrets(folder, null, silent);
    assert.equal(
      readFileSync(path.join(folder, 'secrets/ops_key'), 'utf8'),
      'a-new-one-of-somebody',
    );
  });

  it('closes a file that others could read, and says so', () => {
    makeComposeSecrets(folder, null, silent);
    chmodSync(file, 0o644);
    const said: string[] = [];
    makeComposeSecrets(folder, null, (message) => said.push(message));
    assert.equal(modeOf(file), '600');
    assert.match(said.join(), /could be read by other users/);
  });

  it('opens the stack to others only with a host name, and never changes the name by itself', () => {
    const closed = makeComposeSecrets(folder, null, silent).values;
    assert.equal(closed['TLS_ADDRESS'], undefined);
    const { values } = makeComposeSecrets(folder, 'photos.example.org', silent);
    assert.equal(values['DOMAIN'], 'photos.example.org');
    assert.equal(values['TLS_ADDRESS'], '0.0.0.0');
    assert.equal(values['COMPOSE_PROFILES'], 'tls');
    assert.equal(values['SECURE_COOKIES'], '1');
    assert.throws(
      () => makeComposeSecrets(folder, 'other.example.org', silent),
      /says DOMAIN=photos\.example\.org: edit that line/,
    );
  });

  it('runs as a command, tells no secret, and says how to come in from elsewhere', () => {
    const run = (...args: string[]): ReturnType<typeof spawnSync> =>
      spawnSync(
        process.execPath,
        ['--import', tsx, 'scripts/secrets.ts', '--folder', folder, ...args],
        {
          cwd: root,
          encoding: 'utf8',
        },
      );
    const { status, stdout } = run();
    assert.equal(status, 0);
    const said = String(stdout);
    assert.match(said, /docker compose -f compose\/compose\.yaml up --detach --wait/);
    assert.match(
      said,
      /ssh -N -L 5000:127\.0\.0\.1:5000 -L 8080:127\.0\.0\.1:8080 -L 3000:127\.0\.0\.1:3000/,
    );
    const values = parseEnv(readFileSync(file, 'utf8'));
    for (const [name, value] of Object.entries(values)) {
      if (name !== 'LABEL_STUDIO_USERNAME') assert.ok(!said.includes(value ?? ''), name);
    }
    const refused = run('--domain', 'https://photos.example.org/');
    assert.equal(refused.status, 1);
    assert.match(String(refused.stderr), /expected a host name without https/);
  });
});

describe('what npm run secrets says at its end', () => {
  const machine = { user: 'cc', host: 'lab' };

  it('names the ports that the operator chose', () => {
    const text = nextSteps({ WEB_PORT: '5050', GRAFANA_PORT: '3001' }, machine);
    assert.match(text, /ssh -N -L 5050:127\.0\.0\.1:5050 .* -L 3001:127\.0\.0\.1:3001 .*cc@lab/);
  });

  it('names the addresses behind the proxy, and no tunnel, when there is a host name', () => {
    const text = nextSteps({ DOMAIN: 'photos.example.org' }, machine);
    assert.match(text, /https:\/\/photos\.example\.org\/label-studio\//);
    assert.doesNotMatch(text, /ssh/);
  });
});
