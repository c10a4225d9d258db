import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { cacheFolder } from '../../scripts/start/label-studio.mjs';
import { freePort } from '../../scripts/start/ports.mjs';
import { answers } from '../../scripts/start/process.mjs';
import { ensureVenv } from '../../scripts/start/venv.mjs';
import { type Server, startServer, temporaryFolder } from './server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REQUIREMENTS = path.join(ROOT, 'bench', 'peer-requirements.txt');

/** The folder beside the project that holds the peer and the photos. */
export const SHARED_DIR = path.resolve(ROOT, process.env['SHARED_DIR'] ?? '../shared');

/** The peer's program: a module whose `app` takes `{"image": base64}` at /predict and reads the model's path from MODEL. */
export const PEER_FILE = path.resolve(
  process.env['PEER_FILE'] ?? path.join(SHARED_DIR, 'bench', 'fastapi_ort.py'),
);

/**
 * Starts what a Python team would run instead (FastAPI, onnxruntime, Pillow), unchanged, in a virtual environment of its
 * own.
 * @param modelPath an ONNX file that takes float32 [N, 3, 224, 224]
 */
export async function startFastApiPeer(modelPath: string, workers = 1): Promise<Server> {
  if (!existsSync(PEER_FILE))
    throw new Error(`${PEER_FILE} is not there: set PEER_FILE to the program to compare with.`);
  const folder = temporaryFolder('peer');
  const venv = path.join(cacheFolder(process.env), 'fastapi-peer');
  await ensureVenv({
    folder: venv,
    key: createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex'),
    requirements: ['-r', REQUIREMENTS],
    logFile: path.join(folder, 'pip.log'),
    env: process.env,
  });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return startServer({
    name: 'FastAPI peer',
    command: path.join(venv, 'bin', 'python'),
    args: [
      ...['-m', 'uvicorn', `${path.basename(PEER_FILE, '.py')}:app`],
      ...['--app-dir', path.dirname(PEER_FILE), '--host', '127.0.0.1'],
      ...['--port', String(port), '--workers', String(workers), '--no-access-log'],
    ],
    env: { ...process.env, MODEL: modelPath, PYTHONDONTWRITEBYTECODE: '1' },
    folder,
    url,
    port,
    timeoutMs: 60_000,
    howToInstall: 'see bench/peer-requirements.txt',
    isReady: () => answers(`${url}/metrics`),
  });
}
