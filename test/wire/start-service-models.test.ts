import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { unmetered } from '../../scripts/records/unmetered.ts';
import { type ModelFolder, readModelFolder } from '../../src/adapters/onnx/model-folder.ts';
import { systemClock } from '../../src/adapters/system/system-clock.ts';
import { systemRandom } from '../../src/adapters/system/system-random.ts';
import type { Models } from '../../src/classifier/models.ts';
import { type Config, parseConfig } from '../../src/config/parse-config.ts';
import { makeSecret, SECRET_NAMES } from '../../src/config/secrets.ts';
import { StoreUnavailable } from '../../src/domain/errors.ts';
import type { Log } from '../../src/ports/log.ts';
import { startServiceModels } from '../../src/wire/start-service-models.ts';
import { silentLog, TINY_MODEL } from '../adapters/onnx/tiny-model.ts';
import { mixUpModel } from '../servers/mixed-up-model.ts';
import { temporaryFolder } from '../servers/server.ts';

describe('which model serves after a start', function () {
  this.timeout(60_000);
  let folder: string;
  let config: Config;
  let models: readonly [ModelFolder, ModelFolder, ModelFolder];
  let warned: string[];
  beforeEach(async () => {
    folder = temporaryFolder('promotion');
    const [second, third] = ['second', 'third'].map((version) => {
      const dir = path.join(folder, version);
      mkdirSync(dir);
      mixUpModel(TINY_MODEL, dir, version);
      return dir;
    });
    models = [
      await readModelFolder(TINY_MODEL),
      await readModelFolder(second ?? ''),
      await readModelFolder(third ?? ''),
    ];
    const secrets = Object.fromEntries(SECRET_NAMES.map((name) => [name, makeSecret(name)]));
    config = parseConfig({
      ...secrets,
      DATA_DIR: path.join(folder, 'data'),
      SHADOW_MODEL_DIR: path.join(folder, 'second'),
      CLASSIFIER_WORKERS: '1',
    });
    warned = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const log: Log = { ...silentLog, warn: (_fields, event) => warned.push(event) };
  /** Starts, does something, ends. */
  async function serving(
    model: ModelFolder,
    shadow: ModelFolder | null,
    doing?: (started: Models) => Promise<void>,
  ): Promise<readonly [string, string | null]> {
    const started = await startServiceModels(config, model, shadow, {
      clock: systemClock,
      random: systemRandom,
      log,
      build: { version: '', revision: '' },
      meter: unmetered,
    });
    try {
      await doing?.(started);
      return [started.serving().model.version, started.shadow()?.model.version ?? null];
    } finally {
      await started.stop();
    }
  }

  it('is the one that was promoted, until it is taken back', async () => {
    const [main, second] = models;
    const there = ['second', main.version];
    assert.deepEqual(await serving(main, second), [main.version, 'second']);
    assert.deepEqual(await serving(main, second, (started) => started.promote('second')), there);
    assert.deepEqual(await serving(main, second), there);
    const back = (started: Models): Promise<void> => started.promote(main.version);
    assert.deepEqual(await serving(main, second, back), [main.version, 'second']);
    assert.deepEqual(await serving(main, second), [main.version, 'second']);
  });

  it('is the one in MODEL_DIR once other models are set: a promotion is that of two models', async () => {
    const [main, second, third] = models;
    await serving(main, second, (started) => started.promote('second'));
    assert.deepEqual(await serving(main, third), [main.version, 'third']);
    assert.deepEqual(await serving(third, second), ['third', 'second']);
    assert.deepEqual(warned, []);
    assert.deepEqual(await serving(main, null), [main.version, null]);
    assert.deepEqual(warned, ['promoted model not set: MODEL_DIR serves']);
    assert.deepEqual(await serving(second, null), ['second', null]);
  });

  it('is the one in MODEL_DIR where the file is no promotion', async () => {
    const [main, second] = models;
    await serving(main, second, (started) => started.promote('second'));
    const file = path.join(config.DATA_DIR, 'promotion.json');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20));
    assert.deepEqual(await serving(main, second), [main.version, 'second']);
    assert.deepEqual(warned, ['promotion not readable: MODEL_DIR serves']);
  });

  it('is as before where the promotion can not be written', async () => {
    const [main, second] = models;
    writeFileSync(config.DATA_DIR, 'a file where a folder should be');
    await serving(main, second, async (started) => {
      await assert.rejects(started.promote('second'), StoreUnavailable);
      assert.equal(started.serving().model.version, main.version);
    });
  });
});
