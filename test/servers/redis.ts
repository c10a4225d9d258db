import net from 'node:net';

import { freePort } from '../../scripts/start/ports.mjs';
import { INSTALL_ALL, type Server, startServer, temporaryFolder } from './server.ts';

/**
 * Starts a real Redis that keeps every write (appendfsync always, noeviction), unless `args` say otherwise.
 * @param options.args further settings as redis-server takes them, such as ['--maxmemory', '10mb']
 * @param options.port a fixed one (to start it again where it was)
 */
export async function startRedis(
  options: { readonly args?: readonly string[]; readonly port?: number } = {},
): Promise<Server> {
  const folder = temporaryFolder('redis');
  const port = options.port ?? (await freePort());
  return startServer({
    name: 'Redis',
    command: 'redis-server',
    args: [
      ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'],
      ...(options.args ?? []),
    ],
    folder,
    url: `redis://127.0.0.1:${port}`,
    port,
    howToInstall: INSTALL_ALL,
    isReady: () => answersPing(port),
  });
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.setTimeout(2000, () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
  });
}
