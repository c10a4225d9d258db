import { existsSync } from 'node:fs';
import path from 'node:path';

import { freePort } from '../scripts/start/ports.mjs';
import { answers } from '../scripts/start/process.mjs';
import { type Server, startServer, temporaryFolder } from '../test/servers/server.ts';

const ROOT = path.resolve(import.meta.dirname, '..');
const MAIN = path.join(ROOT, 'dist', 'main.js');

/** The classifier as it is delivered: the compiled program with this one role. */
export interface BuiltClassifier extends Server {
  readonly secondsToReady: number;
}

/** @param settings over the defaults */
export async function startBuiltClassifier(
  settings: Readonly<Record<string, string>>,
): Promise<BuiltClassifier> {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: run npm run build first.`);
  const folder = temporaryFolder('bench');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const begin = performance.now();
  const server = await startServer({
    name: 'classifier',
    command: process.execPath,
    args: [MAIN],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      ROLES: 'classifier',
      DATA_DIR: path.join(folder, 'data'),
      CLASSIFIER_PORT: String(port),
      LOG_LEVEL: 'error',
      ...settings,
    },
    folder,
    url,
    port,
    howToInstall: 'run npm ci and npm run build',
    isReady: () => answers(`${url}/readyz`),
  });
  return { ...server, secondsToReady: (performance.now() - begin) / 1000 };
}
