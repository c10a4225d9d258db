import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import path from 'node:path';

import { type ModelFolder, readModelFolder } from '../../src/adapters/onnx/model-folder.ts';
import { ConfigInvalid, ModelUnusable } from '../../src/domain/errors.ts';
import { readShadowModel } from '../../src/wire/shadow-model.ts';
import { TINY_MODEL } from '../adapters/onnx/tiny-model.ts';
import { mixUpModel } from '../servers/mixed-up-model.ts';
import { temporaryFolder } from '../servers/server.ts';

describe('the model beside the one in service', () => {
  let model: ModelFolder;
  let dir: string;
  before(async () => {
    model = await readModelFolder(TINY_MODEL);
    dir = temporaryFolder('shadow-model');
    mixUpModel(TINY_MODEL, dir, 'mixed-up');
  });
  after(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const read = (
    beside: ModelFolder | null,
    shadowDir: string | undefined = dir,
  ): Promise<ModelFolder | null> =>
    readShadowModel({ MODEL_DIR: TINY_MODEL, SHADOW_MODEL_DIR: shadowDir }, beside);
  const fault = async (beside: ModelFolder, shadowDir = dir): Promise<string> => {
    const error = await read(beside, shadowDir).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ConfigInvalid || error instanceof ModelUnusable, String(error));
    return error.message;
  };

  it('may have its classes in another order', async () => {
    const shadow = await read(model);
    assert.deepEqual([shadow?.version, shadow?.classes], ['mixed-up', ['green', 'blue', 'red']]);
  });

  it('is none where no folder is set, or no model is here', async () => {
    assert.equal(
      await readShadowModel({ MODEL_DIR: TINY_MODEL, SHADOW_MODEL_DIR: undefined }, model),
      null,
    );
    assert.equal(await read(null), null);
  });

  it('has a version of its own', async () => {
    assert.match(await fault(model, TINY_MODEL), /both have the version tiny-dcd4efdc4091/);
  });

  it('knows the same classes, and those that differ are named', async () => {
    const message = await fault({ ...model, classes: ['red', 'green', 'violet'] });
    assert.match(message, /does not know these classes of MODEL_DIR: violet/);
    assert.match(message, /has classes that MODEL_DIR does not know: blue/);
  });

  it('is named by its setting when its folder can not be read', async () => {
    assert.match(await fault(model, path.join(dir, 'nowhere')), /SHADOW_MODEL_DIR must name/);
  });
});
