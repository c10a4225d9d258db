import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { freePort } from '../../scripts/start/ports.mjs';
import { openSqliteStore } from '../../src/adapters/sqlite/open-sqlite-store.ts';
import { TINY_MODEL } from '../adapters/onnx/tiny-model.ts';
import { prediction, recordAndDecide, takeLease } from '../contract/store/fixtures.ts';
import { mixUpModel } from '../servers/mixed-up-model.ts';
import { temporaryFolder } from '../servers/server.ts';

/** What the program used, all its threads together. */
export interface Used {
  readonly cpuSeconds: number;
  readonly growthBytes: number;
}

/** Web and classifier, as wire builds them, in a process of their own. */
export interface Measured {
  readonly webUrl: string;
  readonly classifierUrl: string;
  readonly ingestKey: string;
  readonly opsKey: string;
  /** Predictions that were reported without their images and are to be labelled. */
  readonly wanted: readonly string[];
  /** @returns what the program used while `work` was under way */
  during(work: () => Promise<unknown>): Promise<Used>;
  readonly stop: () => Promise<void>;
}

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const PROGRAM = new URL('./measured-program.ts', import.meta.url);
const SECRET_NAMES = [
  ...['LABEL_STUDIO_PASSWORD', 'LABEL_STUDIO_TOKEN', 'WEBHOOK_SECRET', 'RETRAIN_WEBHOOK_SECRET'],
  ...['INGEST_KEY', 'IMAGE_URL_KEY', 'SAMPLING_KEY', 'OPS_KEY'],
];

/**
 * @param settings over the defaults
 * @param wanted how many predictions are to wait for their images
 */
export async function startMeasured(
  settings: Readonly<Record<string, string>> = {},
  wanted = 0,
): Promise<Measured> {
  const folder = temporaryFolder('measured');
  const ids = Array.from({ length: wanted }, (_, index) => `wanted-${index}`);
  await recordWanted(join(folder, 'data'), ids);
  const shadow = join(folder, 'shadow');
  mkdirSync(shadow);
  mixUpModel(TINY_MODEL, shadow);
  const [web, classifier] = await Promise.all([freePort(), freePort()]);
  const secrets = SECRET_NAMES.map((name) => [name, `${name.toLowerCase()}-of-the-test`]);
  const child = fork(PROGRAM, {
    execArgv: ['--import', tsx],
    env: {
      PATH: process.env['PATH'],
      ROLES: 'web,classifier',
      DATA_DIR: join(folder, 'data'),
      MODEL_DIR: TINY_MODEL,
      SHADOW_MODEL_DIR: shadow,
      WEB_PORT: String(web),
      CLASSIFIER_PORT: String(classifier),
      LOG_LEVEL: 'warn',
      LABEL_STUDIO_USERNAME: 'annotator@example.org',
      ...(Object.fromEntries(secrets) as Record<string, string>),
      ...settings,
    },
  });
  await answer(child, null);
  return {
    webUrl: `http://127.0.0.1:${web}`,
    classifierUrl: `http://127.0.0.1:${classifier}`,
    ingestKey: 'ingest_key-of-the-test',
    opsKey: 'ops_key-of-the-test',
    wanted: ids,
    async during(work) {
      await answer(child, 'begin');
      await work();
      return (await answer(child, 'end')) as Used;
    },
    async stop() {
      child.send('stop');
      await once(child, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Before the program opens its records: only a sync decides, and none runs in it. */
async function recordWanted(dataDir: string, ids: readonly string[]): Promise<void> {
  mkdirSync(dataDir, { recursive: true });
  const store = await openSqliteStore({ path: join(dataDir, 'truthloop.sqlite') });
  const fence = await takeLease(store);
  await recordAndDecide(
    { store, fence },
    ids.map((id) => prediction(id, { contentDigest: '', source: 'reported' })),
  );
  await store.close();
}

/** Says something to the program, and waits for what it says. */
async function answer(child: ChildProcess, said: string | null): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`The measured program ended with ${String(code)}.`);
  });
  if (said !== null) child.send(said);
  try {
    const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as [
      unknown,
    ];
    return message;
  } finally {
    over.abort();
    ended.catch(() => undefined);
  }
}
