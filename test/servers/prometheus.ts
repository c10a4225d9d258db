import path from 'node:path';

import { freePort } from '../../scripts/start/ports.mjs';
import { answers } from '../../scripts/start/process.mjs';
import { INSTALL_ALL, type Server, startServer, temporaryFolder, writeText } from './server.ts';

/**
 * Starts a real Prometheus.
 * @param options.config text of its configuration; relative paths in it are relative to `options.files`' place
 * @param options.files further files (rules, credentials) by name, beside the configuration
 * @param options.args further arguments
 */
export async function startPrometheus(options: {
  readonly config: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Data that is there already; a fresh folder otherwise. */
  readonly dataFolder?: string;
}): Promise<Server> {
  const folder = temporaryFolder('prometheus');
  const config = writeText(folder, 'prometheus.yml', options.config);
  for (const [name, text] of Object.entries(options.files ?? {})) writeText(folder, name, text);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return startServer({
    name: 'Prometheus',
    command: 'prometheus',
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${options.dataFolder ?? path.join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...(options.args ?? []),
    ],
    folder,
    url,
    port,
    howToInstall: INSTALL_ALL,
    isReady: () => answers(`${url}/-/ready`),
  });
}
