import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { openDiskObjects } from '../../src/adapters/disk/open-disk-objects.ts';
import { readDriftReference } from '../../src/classifier/drift/drift-reference.ts';
import { objectKey } from '../../src/domain/ids.ts';
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
  it('makes one of what production recorded from a day, before another', async () => {
    const objects = await openDiskObjects({ dir: join(folder, 'objects') });
    const record = async (day: string, count: number, colour: string): Promise<void> => {
      for (let number = 0; number < count; number++)
        await objects.put(objectKey(`images/${day}/${colour}-${number}.jpg`), await plain(colour));
    };
    await record('2026-10-31', 3, '#00ff00');
    await record('2026-11-01', 7, '#ff0000');
    await record('2026-11-02', 5, '#0000ff');
    await record('2026-11-03', 3, '#00ff00');
    await objects.close();
    const { status, stdout, stderr } = run('--from', '2026-11-01', '--to', '2026-11-03');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /12 photos in what was recorded from 2026-11-01 to 2026-11-03/);
    const version = /for model (\S+)\. Restart/.exec(stdout)?.[1] ?? '';
    const reference = await readDriftReference(join(folder, 'drift-reference.json'), version);
    const counts = ['red', 'green', 'blue'].map(
      (name) => reference?.rows.filter(({ predictedClass }) => predictedClass === name).length,
    );
    assert.deepEqual(counts, [7, 0, 5]);
  });
  it('asks for a window that has a beginning before its end', () => {
    for (const days of [
      ['--from', '2026-11-03', '--to', '2026-11-01'],
      ['--from', 'x'],
    ]) {
      const { status, stderr } = run(...days);
      assert.equal(status, 1);
      assert.match(stderr, /--from DAY --to DAY/);
    }
  });
  it('says what is missing, and writes nothing', () => {
    const { status, stderr } = run('--photos', join(folder, 'none'));
    assert.equal(status, 1);
    assert.match(stderr, /there is no such folder/);
  });
});
