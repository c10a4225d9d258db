import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { cacheFolder } from '../../scripts/start/label-studio.mjs';
import { ensureVenv } from '../../scripts/start/venv.mjs';
import { COMPOSE_FOLDER } from './compose-file.ts';

const FILE = path.join(COMPOSE_FOLDER, 'cloud-init.yaml');
const MODULES = 'usr/lib/python3/dist-packages';
const REQUIREMENTS = [
  ...['PyYAML==6.0.3', 'jsonschema==4.25.1', 'configobj==5.0.9', 'jinja2==3.1.6'],
  ...['requests==2.32.5', 'jsonpatch==1.33'],
];

describe('compose/cloud-init.yaml by cloud-init itself', () => {
  let folder: string;
  let check: (file: string) => { readonly status: number | null; readonly said: string };

  before(async function prepare() {
    this.timeout(240_000);
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-cloud-init-'));
    const venv = path.join(cacheFolder(process.env), 'cloud-init-venv');
    await ensureVenv({
      folder: venv,
      key: REQUIREMENTS.join(),
      requirements: REQUIREMENTS,
      logFile: path.join(folder, 'install.log'),
      env: process.env,
    });
    const cloudInit = unpackCloudInit();
    check = (file) => {
      const { status, stdout, stderr } = spawnSync(
        path.join(venv, 'bin/python'),
        ['-m', 'cloudinit.cmd.main', 'schema', '--config-file', file],
        {
          env: { PATH: process.env['PATH'], PYTHONPATH: path.join(cloudInit, MODULES) },
          encoding: 'utf8',
        },
      );
      return { status, said: `${stdout}${stderr}` };
    };
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it('is a valid cloud-config', () => {
    const { status, said } = check(FILE);
    assert.equal(status, 0, said);
    assert.match(said, /Valid cloud-config/);
    assert.doesNotMatch(said, /deprecat/i);
  });

  it('is refused with a key that cloud-init does not know in a known place', () => {
    const broken = path.join(folder, 'broken.yaml');
    writeFileSync(broken, readFileSync(FILE, 'utf8').replace('permissions:', 'permission:'));
    assert.notEqual(check(broken).status, 0);
  });
});

/** Its modules alone: an installed cloud-init would set up the machine that runs the test at its next start. */
function unpackCloudInit(): string {
  const kept = path.join(cacheFolder(process.env), 'cloud-init');
  if (existsSync(path.join(kept, MODULES))) return kept;
  mkdirSync(path.dirname(kept), { recursive: true });
  const fresh = mkdtempSync(`${kept}.`);
  const { status, stderr } = spawnSync(
    'sh',
    [
      '-c',
      '(apt-get download cloud-init || { apt-get update -qq && apt-get download cloud-init; }) && dpkg -x cloud-init_*.deb .',
    ],
    {
      cwd: fresh,
      encoding: 'utf8',
    },
  );
  assert.equal(status, 0, `cloud-init is needed by this test, as a Debian package: ${stderr}`);
  renameSync(fresh, kept);
  return kept;
}
