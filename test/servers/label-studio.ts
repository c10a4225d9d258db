import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';

import {
  cacheFolder,
  installLabelStudio,
  LABEL_STUDIO_VERSION,
  startLabelStudio as startProcess,
} from '../../scripts/start/label-studio.mjs';
import { freePort } from '../../scripts/start/ports.mjs';
import { answers } from '../../scripts/start/process.mjs';
import { asServer, type Server, temporaryFolder } from './server.ts';

/** A real Label Studio with one account. */
export interface LabelStudioServer extends Server {
  readonly username: string;
  readonly password: string;
  /** Legacy token of that account: `Authorization: Token ...`. */
  readonly token: string;
  /** Ends the process and keeps its data; `restart` brings it back on the same port. */
  readonly pause: () => Promise<void>;
  readonly restart: () => Promise<void>;
}

const DATABASE = 'label_studio.sqlite3';
const READY_WITHIN_MS = 180_000;
/** On a busy machine the first migrations, 300 of them, take minutes. */
const MIGRATED_WITHIN_MS = 600_000;

/**
 * Starts a Label Studio of its own for one suite; installs it when it is missing. Prefer `sharedLabelStudio`.
 * Its database is a copy of one that was migrated before and has no account, so that a start takes seconds.
 */
export async function startLabelStudio(): Promise<LabelStudioServer> {
  const log = path.join(cacheFolder(process.env), 'label-studio-install.log');
  await installLabelStudio({ env: process.env, logFile: log });
  const folder = temporaryFolder('label-studio');
  const template = await migratedDatabase();
  copyFileSync(template, path.join(folder, DATABASE));
  return launch(folder, await freePort(), {
    username: 'tester@truthloop.localhost',
    password: randomBytes(16).toString('hex'),
    token: randomBytes(20).toString('hex'),
  });
}

type Account = Parameters<typeof startProcess>[0]['account'];

async function launch(folder: string, port: number, account: Account): Promise<LabelStudioServer> {
  let current = await launchOnce(folder, port, account);
  return {
    ...account,
    url: current.url,
    port,
    get process() {
      return current.process;
    },
    stop: () => current.stop(),
    pause: () => current.process.stop(),
    restart: async () => {
      await current.process.stop();
      current = await launchOnce(folder, port, account);
    },
  };
}

function launchOnce(
  folder: string,
  port: number,
  account: Account,
  timeoutMs = READY_WITHIN_MS,
): Promise<Server> {
  const url = `http://127.0.0.1:${port}`;
  const child = startProcess({
    env: process.env,
    host: '127.0.0.1',
    port,
    dataDir: folder,
    logFile: path.join(folder, 'label-studio.log'),
    account,
  });
  return asServer(child, {
    name: 'Label Studio',
    folder,
    url,
    port,
    timeoutMs,
    howToInstall: `remove the folder that LABEL_STUDIO_VENV names (or the one in the cache) and run the test again`,
    isReady: () => answers(`${url}/health`),
  });
}

/** A database that Label Studio has migrated and nobody has used, made once and kept in the cache. */
export async function migratedDatabase(): Promise<string> {
  const kept = path.join(cacheFolder(process.env), `label-studio-${LABEL_STUDIO_VERSION}.sqlite3`);
  if (existsSync(kept)) return kept;
  const folder = temporaryFolder('label-studio-template');
  const nobody = { username: '', password: '', token: '' };
  const server = await launchOnce(folder, await freePort(), nobody, MIGRATED_WITHIN_MS);
  await server.process.stop();
  mkdirSync(path.dirname(kept), { recursive: true });
  const partial = `${kept}.${process.pid}`;
  copyFileSync(path.join(folder, DATABASE), partial);
  renameSync(partial, kept);
  rmSync(folder, { recursive: true, force: true });
  return kept;
}
