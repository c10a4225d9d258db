import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { fingerprint } from '../../scripts/start/build.mjs';
import { labelStudioEnvironment, labelStudioVenv } from '../../scripts/start/label-studio.mjs';
import { isModelMissing } from '../../scripts/start/model.mjs';
import { isSatisfied } from '../../scripts/start/packages.mjs';
import { checkSpace } from '../../scripts/start/prepare.mjs';
import { openReport } from '../../scripts/start/report.mjs';
import { summarize } from '../../scripts/start/summary.mjs';
import { isComplete } from '../../scripts/start/venv.mjs';

describe('what npm start makes', () => {
  let folder: string;
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    writeFileSync(path.join(folder, file), text);
  };

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-set-up-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('packages are installed when one is missing or of another version; those of other platforms may miss', () => {
    const wanted = {
      '': {},
      'node_modules/a': { version: '1.0.0' },
      'node_modules/win': { version: '2.0.0', optional: true },
    };
    assert.equal(isSatisfied(wanted, { 'node_modules/a': { version: '1.0.0' } }), true);
    assert.equal(isSatisfied(wanted, { 'node_modules/a': { version: '1.0.1' } }), false);
    assert.equal(isSatisfied(wanted, {}), false);
    const oldOptional = {
      'node_modules/a': { version: '1.0.0' },
      'node_modules/win': { version: '1.9.0' },
    };
    assert.equal(isSatisfied(wanted, oldOptional), false);
  });

  it('a build is stale when any source, name or setting of the compiler changed, and not otherwise', () => {
    for (const name of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'])
      write(name, '{}');
    write('src/main.ts', 'one');
    const seen = new Set([fingerprint(folder)]);
    assert.equal(seen.has(fingerprint(folder)), true);
    write('src/main.ts', 'two');
    seen.add(fingerprint(folder));
    write('src/web/page.css', 'body {}');
    seen.add(fingerprint(folder));
    write('tsconfig.json', '{ }');
    seen.add(fingerprint(folder));
    assert.equal(seen.size, 4);
  });

  it('a virtual environment without its mark, or made from something else, is not complete', () => {
    assert.equal(isComplete(folder, 'a==1'), false);
    write('truthloop-complete', 'a==1\n');
    assert.equal(isComplete(folder, 'a==1'), false, 'its Python is gone');
    write('bin/python', '');
    assert.equal(isComplete(folder, 'a==1'), true);
    assert.equal(isComplete(folder, 'a==2'), false);
  });

  it('the demonstration model is made only where it is needed, and nobody’s own folder is written to', () => {
    const roles = ['web', 'classifier', 'sync'];
    const demo = { ROLES: roles, MODEL_DIR: 'models/food11' };
    assert.equal(isModelMissing(demo, folder), true);
    assert.equal(isModelMissing({ ...demo, MODEL_DIR: 'models/mine' }, folder), false);
    const reporting = {
      ROLES: ['web', 'sync'],
      MODEL_DIR: 'models/food11',
      CLASSES_FILE: 'c.json',
    };
    assert.equal(isModelMissing(reporting, folder), false);
    write('models/food11/model.json', '{}');
    assert.equal(isModelMissing(demo, folder), false);
  });

  it('Label Studio gets its account and no setting of ours that it would read as its own', () => {
    const env = { HOST: '127.0.0.1', PORT: '1', SECRET_KEY: 'x', OPS_KEY: 'secret', PATH: '/bin' };
    const account = { username: 'a@b.c', password: 'pw', token: 'ab' };
    const given = labelStudioEnvironment(env, '/state', account);
    assert.equal(given['LABEL_STUDIO_USER_TOKEN'], 'ab');
    assert.equal(given['LABEL_STUDIO_BASE_DATA_DIR'], '/state');
    assert.equal(given['PATH'], '/bin');
    for (const name of ['HOST', 'PORT', 'SECRET_KEY', 'OPS_KEY'])
      assert.equal(name in given, false);
  });

  it('Label Studio’s webhooks may reach this machine and no other private address', () => {
    const account = { username: '', password: '', token: '' };
    const given = labelStudioEnvironment({}, '/state', account);
    const banned = (given['USER_ADDITIONAL_BANNED_SUBNETS'] ?? '').split(',');
    assert.equal(given['USE_DEFAULT_BANNED_SUBNETS'], 'false');
    for (const net of [
      '10.0.0.0/8',
      '169.254.0.0/16',
      '172.16.0.0/12',
      '192.168.0.0/16',
      'fc00::/7',
    ])
      assert.ok(banned.includes(net), net);
    assert.equal(
      banned.some((net) => net.startsWith('127.')),
      false,
    );
  });

  it('a disk without room stops the installation with what is needed and what is there', () => {
    checkSpace(path.join(folder, 'not', 'made', 'yet'), 1);
    assert.throws(() => {
      checkSpace(path.join(folder, 'not', 'made', 'yet'), 1e9);
    }, /The disk is nearly full: Label Studio needs 1000000000 MiB under .* MiB are free/);
  });

  it('Label Studio’s environment can be put elsewhere', () => {
    assert.equal(labelStudioVenv({ LABEL_STUDIO_VENV: '/elsewhere' }), '/elsewhere');
    assert.equal(
      labelStudioVenv({ XDG_CACHE_HOME: '/cache' }),
      '/cache/truthloop/label-studio-1.23.2',
    );
  });
});

describe('what npm start says', () => {
  const config = {
    ROLES: ['web', 'classifier', 'sync'],
    PUBLIC_URL: 'http://127.0.0.1:5000',
    LABEL_STUDIO_PUBLIC_URL: 'http://127.0.0.1:8080',
    LABEL_STUDIO_USERNAME: 'admin@truthloop.localhost',
    LABEL_STUDIO_PASSWORD: 'made-for-this-one',
    CLASSIFIER_PORT: 8000,
  };
  const said = { dataDir: 'data', grafanaPasswordFile: null, seconds: 7 };

  it('where to go and how to log in', () => {
    const beside = { labelStudio: true, prometheus: null, grafana: null };
    const text = summarize({ config, beside, ...said });
    for (const part of [
      'http://127.0.0.1:5000/accuracy',
      'http://127.0.0.1:5000/ops',
      'OPS_KEY in data/secrets.env',
      'admin@truthloop.localhost',
      'made-for-this-one',
    ])
      assert.ok(text.includes(part), part);
  });

  it('where predictions are reported, when there is no classifier to upload to', () => {
    const beside = { labelStudio: true, prometheus: null, grafana: null };
    const reporting = { ...config, ROLES: ['web', 'sync'], CLASSES_FILE: 'classes.json' };
    const text = summarize({ config: reporting, beside, ...said });
    assert.match(text, /Report predictions +http:\/\/127.0.0.1:5000\/docs/);
    assert.doesNotMatch(text, /Upload/);
  });

  it('no password of a Label Studio that somebody else runs', () => {
    const beside = { labelStudio: false, prometheus: null, grafana: null };
    assert.doesNotMatch(summarize({ config, beside, ...said }), /made-for-this-one/);
  });

  it('how long each step took, and every failure leaves the step', async () => {
    const lines: string[] = [];
    let now = 0;
    const report = openReport({ write: (text) => lines.push(text) }, () => now);
    await report.step('Building', () => {
      now = 12_400;
      return Promise.resolve();
    });
    assert.deepEqual(lines, ['  Building ...\n', '  Building: 12 s\n']);
    await assert.rejects(
      report.step('Failing', () => Promise.reject(new Error('no'))),
      /no/,
    );
  });
});
