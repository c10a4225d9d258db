import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { parse } from 'yaml';

import { COMPOSE_FOLDER } from './compose-file.ts';

const text = readFileSync(path.join(COMPOSE_FOLDER, 'cloud-init.yaml'), 'utf8');
const config = parse(text) as {
  packages: string[];
  write_files: { path: string; content: string; permissions: string }[];
  runcmd: string[][];
};
const fileAt = (place: string): { content: string; permissions: string } => {
  const found = config.write_files.find((file) => file.path === place);
  assert.ok(found !== undefined, place);
  return found;
};

describe('compose/cloud-init.yaml', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-cloud-init-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('brings Docker, Compose and git, and holds no secret', () => {
    assert.ok(text.startsWith('#cloud-config\n'));
    assert.deepEqual(config.packages, ['docker.io', 'docker-compose-v2', 'docker-buildx', 'git']);
    assert.equal(fileAt('/etc/truthloop/install.env').permissions, '0600');
    assert.doesNotMatch(text, /(PASSWORD|TOKEN|SECRET|KEY)=\S/);
  });

  it('runs what it writes', () => {
    const written = config.write_files.map((file) => file.path);
    assert.ok(config.runcmd.some(([command]) => command === '/usr/local/sbin/truthloop-install'));
    assert.ok(written.includes('/etc/systemd/system/truthloop.service'));
  });

  it('clones, makes the secrets with Node in a container, builds and waits until all is healthy', () => {
    const log = install(folder, {});
    assert.deepEqual(log, [
      'git clone https://git.example.org/truthloop.git CHECKOUT',
      'git -C CHECKOUT fetch --tags origin',
      'git -C CHECKOUT checkout --detach abc',
      'docker run --rm --network none --volume CHECKOUT:/repository --workdir /repository NODE node scripts/secrets.ts',
      'git rev-parse --short HEAD',
      'docker compose --file compose/compose.yaml build',
      'docker compose --file compose/compose.yaml up --detach --wait --wait-timeout 900',
    ]);
  });

  it('opens the stack under a host name with TLS, and under an address only when one is given', () => {
    const named = install(folder, { DOMAIN: 'photos.example.org' });
    assert.ok(
      named.some((line) => line.endsWith('scripts/secrets.ts --domain photos.example.org')),
    );
    const settings = path.join(folder, 'checkout/compose/.env');
    assert.ok(!existsSync(settings));
    install(folder, { PUBLIC_ADDRESS: '192.0.2.7' });
    install(folder, { PUBLIC_ADDRESS: '192.0.2.7' });
    assert.equal(
      readFileSync(settings, 'utf8'),
      [
        'PUBLIC_URL=http://192.0.2.7:5000',
        'LABEL_STUDIO_PUBLIC_URL=http://192.0.2.7:8080',
        'WEB_ADDRESS=0.0.0.0',
        'LABEL_STUDIO_ADDRESS=0.0.0.0',
        '',
      ].join('\n'),
    );
  });
});

/** Runs the script with commands that only say what they were asked, and returns that. */
function install(folder: string, settings: Readonly<Record<string, string>>): string[] {
  const checkout = path.join(folder, 'checkout');
  mkdirSync(path.join(checkout, 'compose'), { recursive: true });
  const dockerfile = readFileSync(path.join(COMPOSE_FOLDER, 'Dockerfile'), 'utf8');
  writeFileSync(path.join(checkout, 'compose/Dockerfile'), dockerfile);
  const bin = path.join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  const log = path.join(folder, 'log');
  writeFileSync(log, '');
  for (const name of ['git', 'docker', 'fallocate', 'mkswap', 'swapon', 'chmod']) {
    const isTold = name === 'git' || name === 'docker';
    const script = `#!/bin/sh\n[ "$3" = rev-parse ] && { echo abc; exit; }\n${isTold ? `echo "${name} $*" >>${log}` : ':'}\n`;
    writeFileSync(path.join(bin, name), script);
    chmodSync(path.join(bin, name), 0o755);
  }
  const env = path.join(folder, 'install.env');
  const lines = fileAt('/etc/truthloop/install.env')
    .content.split('\n')
    .map((line) =>
      line.replace(/^(\w+)=.*$/, (all, name: string) =>
        name in settings ? `${name}=${settings[name] ?? ''}` : all,
      ),
    );
  writeFileSync(env, lines.join('\n'));
  const script = fileAt('/usr/local/sbin/truthloop-install')
    .content.replaceAll('/etc/truthloop/install.env', env)
    .replaceAll('/opt/truthloop/checkout', checkout)
    .replaceAll('/etc/fstab', path.join(folder, 'fstab'))
    .replaceAll('/swapfile', path.join(folder, 'swapfile'));
  const { status, stderr } = spawnSync('sh', ['-c', script], {
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const image = /^FROM (node:\S+) AS node$/m.exec(dockerfile)?.[1] ?? '';
  return readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(checkout, 'CHECKOUT').replace(image, 'NODE'));
}
