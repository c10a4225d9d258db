import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { freePort } from '../../scripts/start/ports.mjs';
import { TINY_MODEL } from '../adapters/onnx/tiny-model.ts';
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

export async function startMeasured(
  settings: Readonly<Record<string, string>> = {},
): Promise<Measured> {
  const folder = temporaryFolder('measured');
  const [web, classifier] = await Promise.all([freePort(), freePort()]);
  const secrets = SECRET_NAMES.map((name) => [name, `${name.toLowerCase()}-of-the-test`]);
  const child = fork(PROGRAM, {
    execArgv: ['--import', tsx],
    env: {
      PATH: process.env['PATH'],
      ROLES: 'web,classifier',
      DATA_DIR: join(folder, 'data'),
      MODEL_DIR: TINY_MODEL,
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
