import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readDriftReference } from '../../src/classifier/drift/drift-reference.ts';
import { plain, TINY_MODEL } from '../adapters/onnx/tiny-model.ts';
import { temporaryFolder, writeText } from '../servers/server.ts';

describe('npm run drift-reference', function () {
  this.timeout(120_000);
  let folder: string;
  beforeEach(() => (folder = temporaryFolder('drift')));
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', 'tsx', 'scripts/drift-reference.ts', ...args], {
      encoding: 'utf8',
      env: {
        PATH: process.env['PATH'],
        DATA_DIR: folder,
        MODEL_DIR: TINY_MODEL,
        CLASSIFIER_WORKERS: '1',
      },
    });

  it('makes a reference of a folder that the classifier takes, and leaves out what is no photo', async () => {
    const colours = ['#ff0000', '#00ff00', '#0000ff'];
    for (let count = 0; count < 24; count++)
      writeFileSync(join(folder, `${count}.jpg`), await plain(colours[count % 3] ?? ''));
    writeText(folder, 'broken.png', 'no photo');
    const { status, stdout, stderr } = run('--photos', folder);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /left out broken.png/);
    const version = /for model (\S+)\. Restart/.exec(stdout)?.[1] ?? '';
    const reference = await readDriftReference(join(folder, 'drift-reference.json'), version);
    assert.equal(reference?.rows.length, 24);
    assert.equal(reference.rows.filter(({ predictedClass }) => predictedClass === 'red').length, 8);
  });
  it('says what is missing, and writes nothing', () => {
    const { status, stderr } = run('--photos', join(folder, 'none'));
    assert.equal(status, 1);
    assert.match(stderr, /there is no such folder/);
  });
});
