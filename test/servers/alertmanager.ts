import path from 'node:path';

import { freePort } from '../../scripts/start/ports.mjs';
import { answers } from '../../scripts/start/process.mjs';
import { INSTALL_ALL, type Server, startServer, temporaryFolder, writeText } from './server.ts';

/**
 * Starts a real Alertmanager, alone (no clustering).
 * @param options.config text of its configuration
 * @param options.files further files (templates, credentials) by name, beside the configuration
 */
export async function startAlertmanager(options: {
  readonly config: string;
  readonly files?: Readonly<Record<string, string>>;
}): Promise<Server> {
  const folder = temporaryFolder('alertmanager');
  const config = writeText(folder, 'alertmanager.yml', options.config);
  for (const [name, text] of Object.entries(options.files ?? {})) writeText(folder, name, text);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return startServer({
    name: 'Alertmanager',
    command: 'prometheus-alertmanager',
    args: [
      `--config.file=${config}`,
      `--storage.path=${path.join(folder, 'state')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    folder,
    url,
    port,
    howToInstall: INSTALL_ALL,
    isReady: () => answers(`${url}/-/ready`),
  });
}
