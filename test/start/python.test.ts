import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { findPython, type Probe } from '../../scripts/start/python.mjs';

const machine =
  (versions: Record<string, [version: string, hasVenv: boolean]>) =>
  (name: string): Probe => {
    const [version, hasVenv] = versions[name] ?? [null, false];
    return { name, version, hasVenv, executable: `/usr/bin/${name}` };
  };

describe('the Python that npm start uses', () => {
  it('is the newest supported one that runs', () => {
    const probe = machine({ 'python3.12': ['3.12', true], python3: ['3.11', true] });
    assert.equal(findPython({ env: {}, probe }), '/usr/bin/python3.12');
  });

  it('passes over versions that Label Studio does not support', () => {
    const probe = machine({ python3: ['3.14', true], python: ['3.10', true] });
    assert.equal(findPython({ env: {}, probe }), '/usr/bin/python');
  });

  it('is the one that PYTHON names, and no other', () => {
    const probe = machine({ 'python3.13': ['3.13', true], mine: ['3.11', true] });
    assert.equal(findPython({ env: { PYTHON: 'mine' }, probe }), '/usr/bin/mine');
    assert.throws(() => findPython({ env: { PYTHON: 'gone' }, probe }), /tried PYTHON=gone/);
  });

  it('prefers one with venv; when there is none with it, says what to install', () => {
    const some = machine({ 'python3.12': ['3.12', false], python3: ['3.11', true] });
    assert.equal(findPython({ env: {}, probe: some }), '/usr/bin/python3');
    const none = machine({ python3: ['3.12', false] });
    assert.throws(() => findPython({ env: {}, probe: none }), /python3 is 3\.12.*python3-venv/s);
  });

  it('of the wrong version is named with the range that is needed', () => {
    const probe = machine({ python3: ['3.9', true], python: ['2.7', false] });
    assert.throws(() => findPython({ env: {}, probe }), /3\.10 to 3\.13.*python3 is 3\.9/s);
  });

  it('is run, not only found: a name on the PATH that does not work counts as none', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'truthloop-python-'));
    for (const name of ['python3', 'python3.12']) {
      writeFileSync(path.join(folder, name), '#!/bin/sh\nexit 127\n');
      chmodSync(path.join(folder, name), 0o755);
    }
    assert.throws(() => findPython({ env: { PATH: folder } }), /None could be run/);
    rmSync(folder, { recursive: true });
  });
});
