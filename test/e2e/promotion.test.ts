import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { plain, TINY_MODEL } from '../adapters/onnx/tiny-model.ts';
import { type Outcome, runCommand } from '../operate/run-command.ts';
import { mixUpModel } from '../servers/mixed-up-model.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { temporaryFolder } from '../servers/server.ts';
import { photoForm } from '../web/start-test-web.ts';

const MAIN = 'tiny-dcd4efdc4091';
const UPLOADERS = 6;
const CLIENTS = 4;

/** What clients that never pause were answered. */
interface Load {
  readonly uploads: string[];
  readonly asked: string[];
  readonly lost: string[];
  /** Resolves when every client had its last answer. */
  end(): Promise<void>;
}

describe('a promotion while requests come in', function () {
  this.timeout(240_000);
  let folder: string;
  let product: Product;
  let photo: Buffer;
  before(async () => {
    folder = temporaryFolder('promotion');
    mkdirSync(path.join(folder, 'next'));
    mixUpModel(TINY_MODEL, path.join(folder, 'next'), 'next');
    photo = await plain('#ff0000');
    product = await start();
  });
  after(async () => {
    await product.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const dataDir = (): string => path.join(folder, 'data');
  const start = (): Promise<Product> =>
    startProduct({
      ROLES: 'web,classifier',
      DATA_DIR: dataDir(),
      MODEL_DIR: TINY_MODEL,
      SHADOW_MODEL_DIR: path.join(folder, 'next'),
      CANARY_SHARE: '0.2',
    });
  const promote = (...given: string[]): Promise<Outcome> =>
    runCommand(
      { DATA_DIR: dataDir() },
      folder,
      'promote',
      '--url',
      product.classifierUrl,
      ...given,
    );
  const serving = async (): Promise<string> => {
    const answer = await fetch(`${product.classifierUrl}/models`);
    return ((await answer.json()) as { serving: string }).serving;
  };

  function beginLoad(): Load {
    const [uploads, asked, lost]: string[][] = [[], [], []];
    let isOver = false;
    const client = async (into: string[] | undefined, ask: () => Promise<Response>) => {
      while (!isOver) {
        const response = await ask().catch((error: unknown) => error as Error);
        if (response instanceof Response && response.status === 200)
          into?.push(((await response.json()) as { model_version: string }).model_version);
        else
          lost?.push(
            response instanceof Response
              ? `${response.status} ${await response.text()}`
              : String(response.cause),
          );
      }
    };
    const upload = (): Promise<Response> =>
      fetch(`${product.webUrl}/predict`, {
        method: 'POST',
        body: photoForm(photo),
        headers: { Accept: 'application/json' },
      });
    const ask = (): Promise<Response> =>
      fetch(`${product.classifierUrl}/predict`, {
        method: 'POST',
        body: new Uint8Array(photo),
        headers: { 'Content-Type': 'image/jpeg' },
      });
    const clients = [
      ...Array.from({ length: UPLOADERS }, () => client(uploads, upload)),
      ...Array.from({ length: CLIENTS }, () => client(asked, ask)),
    ];
    return {
      uploads: uploads ?? [],
      asked: asked ?? [],
      lost: lost ?? [],
      async end() {
        isOver = true;
        await Promise.all(clients);
      },
    };
  }
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  /** So many more answers at each place. */
  const more = async ({ uploads, asked }: Load, count = 30): Promise<void> => {
    const [first, second] = [uploads.length + count, asked.length + count];
    await until(() => uploads.length >= first && asked.length >= second);
  };

  it('loses none, there and back; who asks the classifier hears of one model, then of the other', async () => {
    const load = beginLoad();
    await more(load);
    assert.deepEqual([...new Set(load.asked)], [MAIN]);
    assert.equal((await promote()).code, 0);
    await more(load);
    assert.equal((await promote('--back')).code, 0);
    await more(load);
    await load.end();
    assert.deepEqual(load.lost, []);
    const changes = load.asked.filter((version, index) => version !== load.asked[index - 1]);
    assert.deepEqual([changes[0], changes.at(-1)], [MAIN, MAIN]);
    assert.ok(changes.includes('next'));
    assert.equal(load.asked.at(-1), MAIN);
    assert.deepEqual([...new Set(load.uploads)].sort(), ['next', MAIN]);
    console.log(
      `    ${load.uploads.length} uploads and ${load.asked.length} requests, none lost, over two promotions`,
    );
  });

  it('holds after a restart, and is taken back then', async () => {
    assert.equal((await promote()).code, 0);
    await product.stop();
    product = await start();
    assert.equal(await serving(), 'next');
    const load = beginLoad();
    await more(load);
    await load.end();
    assert.deepEqual([load.lost, [...new Set(load.asked)]], [[], ['next']]);
    // The canary is now the model that served before.
    assert.ok(load.uploads.includes(MAIN));
    assert.equal((await promote('--back')).code, 0);
    assert.equal(await serving(), MAIN);
  });

  it('counts what came of the other model, and ends within its time while answers are under way', async () => {
    const load = beginLoad();
    await more(load);
    const metrics = await fetch(`${product.webUrl}/metrics`);
    const text = await metrics.text();
    const value = (result: string): number =>
      Number(
        new RegExp(`^truthloop_shadow_answers_total\\{result="${result}"\\} (\\d+)$`, 'm').exec(
          text,
        )?.[1],
      );
    assert.ok(value('recorded') + value('dropped') > 0, text);
    assert.equal(value('failed'), 0);
    process.kill(product.process.pid, 'SIGTERM');
    const { code } = await product.process.exited;
    await load.end();
    assert.equal(code, 0);
    product = await start();
  });
});
