import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { ensureBuilt } from '../../scripts/start/build.mjs';
import { freePort } from '../../scripts/start/ports.mjs';
import { answers, type StartedProcess, startProcess } from '../../scripts/start/process.mjs';
import { DEMO_MODEL, demoModel } from './demo-model.ts';
import { asServer, type Server, temporaryFolder } from './server.ts';

/** The program itself, as a process of its own, on ports and data of its own. */
export interface Product extends Server {
  readonly webUrl: string;
  readonly classifierUrl: string;
  readonly syncUrl: string;
  /** Value of a secret that the program made or was given. */
  secret(name: string): string;
  /** Asks for a sync run and waits until it has ended. @returns the run as GET /runs/:id tells it */
  sync(): Promise<Record<string, unknown>>;
}

const root = path.resolve(import.meta.dirname, '../..');
// A module's address, since the program runs from a folder without node_modules.
const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const WHOLE = 'web,classifier,sync';

/**
 * Starts `src/main.ts` with these settings over the defaults for a test: its own folder, free ports, runs only on demand.
 * @param settings environment variables; DATA_DIR may point to data that outlives the process
 */
export const startProduct = (settings: Readonly<Record<string, string>>): Promise<Product> =>
  launch(settings, ['--import', tsx, path.join(root, 'src/main.ts')]);

let built: Promise<unknown> | null = null;

/**
 * The same for the program as it is delivered, `dist/main.js`; built first where the sources changed.
 * @param onChild told of the process before it is ready, for tests that end it early
 */
export async function startBuiltProduct(
  settings: Readonly<Record<string, string>>,
  onChild?: (child: StartedProcess) => void,
): Promise<Product> {
  const logFile = path.join(os.tmpdir(), `truthloop-build-${process.pid}.log`);
  await (built ??= ensureBuilt({ root, env: process.env, logFile }));
  return launch(settings, [path.join(root, 'dist/main.js')], onChild);
}

async function launch(
  settings: Readonly<Record<string, string>>,
  program: readonly string[],
  onChild?: (child: StartedProcess) => void,
): Promise<Product> {
  if (settings['CLASSES_FILE'] === undefined && settings['MODEL_DIR'] === undefined)
    await demoModel();
  const folder = temporaryFolder('product');
  const [web, classifier, sync] = await Promise.all([freePort(), freePort(), freePort()]);
  const dataDir = settings['DATA_DIR'] ?? path.join(folder, 'data');
  const env: Record<string, string | undefined> = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    DATA_DIR: dataDir,
    WEB_PORT: String(web),
    CLASSIFIER_PORT: String(classifier),
    SYNC_PORT: String(sync),
    MODEL_DIR: DEMO_MODEL,
    // Far away: tests ask for their runs.
    SYNC_CRON: '0 0 0 1 1 *',
    ...settings,
  };
  const local = (port: string | undefined): string => `http://127.0.0.1:${port ?? ''}`;
  const urls = {
    webUrl: local(env['WEB_PORT']),
    classifierUrl: local(env['CLASSIFIER_PORT']),
    syncUrl: local(env['SYNC_PORT']),
  };
  const roles = (env['ROLES'] ?? WHOLE).split(',');
  const watched = [
    ...(roles.includes('web') ? [urls.webUrl] : []),
    ...(roles.includes('classifier') ? [urls.classifierUrl] : []),
    ...(roles.includes('sync') ? [urls.syncUrl] : []),
  ];
  const child = startProcess({
    name: 'product',
    command: process.execPath,
    args: program,
    env,
    logFile: path.join(folder, 'product.log'),
    cwd: folder,
  });
  onChild?.(child);
  const server = await asServer(child, {
    name: 'product',
    folder,
    url: urls.webUrl,
    port: web,
    timeoutMs: 60_000,
    howToInstall: 'run npm ci',
    isReady: async () =>
      (await Promise.all(watched.map((url) => answers(`${url}/readyz`)))).every(Boolean),
  });
  const secret = (name: string): string => settings[name] ?? readSecret(dataDir, name);
  return { ...server, ...urls, secret, sync: () => runSync(urls.syncUrl, secret('OPS_KEY')) };
}

function readSecret(dataDir: string, name: string): string {
  const line = readFileSync(path.join(dataDir, 'secrets.env'), 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`${name}=`));
  if (line === undefined) throw new Error(`secrets.env has no ${name}`);
  return line.slice(name.length + 1).replace(/^"(.*)"$/, '$1');
}

async function runSync(syncUrl: string, opsKey: string): Promise<Record<string, unknown>> {
  const headers = { Authorization: `Bearer ${opsKey}` };
  const asked = await fetch(`${syncUrl}/runs`, { method: 'POST', headers });
  if (asked.status !== 202) throw new Error(`POST /runs: ${asked.status} ${await asked.text()}`);
  const { id } = (await asked.json()) as { id: string };
  for (;;) {
    const answer = await fetch(`${syncUrl}/runs/${id}`, { headers });
    if (!answer.ok) throw new Error(`GET /runs/${id}: ${answer.status} ${await answer.text()}`);
    const run = (await answer.json()) as Record<string, unknown>;
    if (run['result'] !== 'queued' && run['result'] !== 'running') return run;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
