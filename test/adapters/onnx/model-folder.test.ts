import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readModelFolder } from '../../../src/adapters/onnx/model-folder.ts';
import { ModelUnusable } from '../../../src/domain/errors.ts';
import { TINY_MODEL } from './tiny-model.ts';

describe('a model folder', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'model-folder-'));
    await cp(TINY_MODEL, dir, { recursive: true });
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  const change = async (changes: object): Promise<void> => {
    const json = JSON.parse(await readFile(join(dir, 'model.json'), 'utf8')) as object;
    await writeFile(join(dir, 'model.json'), JSON.stringify({ ...json, ...changes }));
  };
  const assertUnusable = (said: RegExp): Promise<void> =>
    assert.rejects(readModelFolder(dir), (error) => {
      assert.ok(error instanceof ModelUnusable, String(error));
      assert.match(error.message, said);
      return true;
    });

  it('says its classes, its version and where its file is', async () => {
    const model = await readModelFolder(dir);
    assert.deepEqual(model.classes, ['red', 'green', 'blue']);
    assert.match(model.version, /^tiny-[0-9a-f]{12}$/);
    assert.equal(model.path, join(dir, 'model.onnx'));
  });
  it('is refused when it is not there, with what to do', async () => {
    await rm(dir, { recursive: true });
    await assertUnusable(/MODEL_DIR must name a folder/);
  });
  it('is refused when its description is not JSON', async () => {
    await writeFile(join(dir, 'model.json'), '{');
    await assertUnusable(/is not JSON/);
  });
  it('is refused with every fault of its description', async () => {
    await change({ classes: ['a', 'a'], version: '', input: { name: 'x' } });
    await assertUnusable(/version[^]*classes[^]*input\.width[^]*input\.std/);
  });
  it('is refused when its file is another one than it describes', async () => {
    await writeFile(join(dir, 'model.onnx'), 'something else');
    await assertUnusable(/is not the file that its model\.json describes/);
  });
  it('never names a file outside of itself', async () => {
    await change({ file: '../model.onnx' });
    await assertUnusable(/file: expected the name/);
  });
});
