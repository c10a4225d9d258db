import { existsSync } from 'node:fs';
import path from 'node:path';

import { cacheFolder } from '../../scripts/start/label-studio.mjs';
import { freePort } from '../../scripts/start/ports.mjs';
import { answers } from '../../scripts/start/process.mjs';
import { INSTALL_ALL, type Server, startServer, temporaryFolder } from './server.ts';

/** An S3 server and the keys that open it. */
export interface S3Server extends Server {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Starts a real S3 server (MinIO) without any bucket.
 * @param options.dataFolder where an earlier one left its objects; one that goes with the server otherwise
 */
export async function startMinio(
  options: { readonly port?: number; readonly dataFolder?: string } = {},
): Promise<S3Server> {
  const folder = temporaryFolder('minio');
  const port = options.port ?? (await freePort());
  const consolePort = await freePort();
  const keys = { accessKeyId: 'test-access', secretAccessKey: 'test-secret-key' };
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer({
    name: 'MinIO',
    command: minioBinary(),
    args: [
      'server',
      options.dataFolder ?? path.join(folder, 'objects'),
      ...['--address', `127.0.0.1:${port}`, '--console-address', `127.0.0.1:${consolePort}`],
    ],
    env: {
      ...process.env,
      MINIO_ROOT_USER: keys.accessKeyId,
      MINIO_ROOT_PASSWORD: keys.secretAccessKey,
      MINIO_BROWSER: 'off',
      MINIO_UPDATE: 'off',
    },
    folder,
    url,
    port,
    howToInstall: INSTALL_ALL,
    isReady: () => answers(`${url}/minio/health/ready`),
  });
  return { ...server, ...keys };
}

function minioBinary(): string {
  const cached = path.join(cacheFolder(process.env), 'bin', 'minio');
  return existsSync(cached) ? cached : 'minio';
}
