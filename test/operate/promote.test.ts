import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';

import { StoreUnavailable } from '../../src/domain/errors.ts';
import { TINY_MODEL } from '../adapters/onnx/tiny-model.ts';
import {
  OPS_KEY,
  runClassifier,
  type RunningClassifier,
} from '../classifier/running-classifier.ts';
import { mixUpModel } from '../servers/mixed-up-model.ts';
import { temporaryFolder } from '../servers/server.ts';
import { type Outcome, runCommand } from './run-command.ts';

const MAIN = 'tiny-dcd4efdc4091';

describe('npm run promote', function () {
  this.timeout(120_000);
  let folder: string;
  let shadowDir: string;
  let classifiers: readonly RunningClassifier[];
  before(async () => {
    folder = temporaryFolder('promote');
    shadowDir = temporaryFolder('promote-model');
    mixUpModel(TINY_MODEL, shadowDir, 'next');
    classifiers = [await runClassifier({ shadowDir }), await runClassifier({ shadowDir })];
  });
  after(async () => {
    for (const classifier of classifiers) await classifier.stop();
    for (const dir of [folder, shadowDir]) rmSync(dir, { recursive: true });
  });
  const promote = (...given: string[]): Promise<Outcome> =>
    runCommand(
      { DATA_DIR: folder, OPS_KEY, CLASSIFIER_PORT: new URL(urls()[0] ?? '').port },
      folder,
      'promote',
      ...given,
    );
  const urls = (): string[] => classifiers.map(({ url }) => url);
  const each = (): string[] => urls().flatMap((url) => ['--url', url]);
  const serving = (): string[] => classifiers.map(({ models }) => models.serving().model.version);

  it('lets the second model serve, says so, does nothing twice, and takes it back', async () => {
    const [first] = urls();
    const done = await promote();
    assert.deepEqual([done.code, done.stdout], [0, `${first}: next serves now.\n`], done.stderr);
    assert.deepEqual(serving(), ['next', MAIN]);
    assert.match((await promote()).stdout, /next serves already\.$/m);
    const { stdout } = await promote('--status');
    assert.match(stdout, new RegExp(`serves {2}next {2}\\(tiny, SHADOW_MODEL_DIR\\)`));
    assert.match(stdout, new RegExp(`beside {2}${MAIN} {2}\\(tiny, MODEL_DIR\\)`));
    assert.match((await promote('--back')).stdout, new RegExp(`${MAIN} serves now`));
    assert.deepEqual(serving(), [MAIN, MAIN]);
  });

  it('tells each of several processes', async () => {
    assert.equal((await promote(...each())).code, 0);
    assert.deepEqual(serving(), ['next', 'next']);
    assert.equal((await promote('--back', ...each())).code, 0);
    assert.deepEqual(serving(), [MAIN, MAIN]);
  });

  it('changes nothing when one of them does not answer, has other models, or none beside', async () => {
    const silent = await promote(...each(), '--url', 'http://127.0.0.1:1');
    assert.equal(silent.code, 1);
    assert.match(silent.stderr, /classifier does not answer at http:\/\/127\.0\.0\.1:1\./);
    const alone = await runClassifier();
    const noSecond = await promote(...each(), '--url', alone.url);
    await alone.stop();
    assert.match(noSecond.stderr, /has no second model: set SHADOW_MODEL_DIR/);
    const otherDir = temporaryFolder('promote-other');
    mixUpModel(TINY_MODEL, otherDir, 'other');
    const other = await runClassifier({ shadowDir: otherDir });
    const differ = await promote(...each(), '--url', other.url);
    await other.stop();
    rmSync(otherDir, { recursive: true });
    assert.match(differ.stderr, /differ in SHADOW_MODEL_DIR \(next, next, other\)/);
    assert.deepEqual(serving(), [MAIN, MAIN]);
  });

  it('says which serve already when one of them fails in between', async () => {
    const keep = (): Promise<void> => Promise.reject(new StoreUnavailable('The disk is full.'));
    const full = await runClassifier({ shadowDir, keep });
    const { code, stderr } = await promote('--url', urls()[0] ?? '', '--url', full.url);
    await full.stop();
    assert.equal(code, 1);
    assert.match(stderr, /answered 503: The disk is full\.\nnext serves at http\S+ already\. Run/);
    assert.equal((await promote('--back')).code, 0);
  });

  it('says what is wrong with its arguments and its key', async () => {
    assert.match((await promote('--help')).stdout, /--back/);
    for (const given of [['now'], ['--back', '--status'], ['--what']])
      assert.equal((await promote(...given)).code, 2, given.join(' '));
    const env = { DATA_DIR: folder, OPS_KEY: 'the-key-of-another-place' };
    const url = urls()[0] ?? '';
    const { code, stderr } = await runCommand(env, folder, 'promote', '--url', url);
    assert.equal(code, 1);
    assert.match(stderr, /does not take this ops key/);
  });
});
