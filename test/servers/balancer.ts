import { freePort } from '../../scripts/start/ports.mjs';
import { answers } from '../../scripts/start/process.mjs';
import { INSTALL_ALL, type Server, startServer, temporaryFolder, writeText } from './server.ts';

/** A real Caddy that hands requests to several servers in turn. */
export async function startBalancer(upstreams: readonly string[], port: number): Promise<Server> {
  const folder = temporaryFolder('balancer');
  const own = await freePort();
  const hosts = upstreams.map((url) => new URL(url).host).join(' ');
  const config = writeText(
    folder,
    'Caddyfile',
    `{
	admin off
}
http://127.0.0.1:${port} {
	bind 127.0.0.1
	reverse_proxy ${hosts} {
		lb_policy round_robin
	}
}
http://127.0.0.1:${own} {
	bind 127.0.0.1
	respond ready
}
`,
  );
  return startServer({
    name: 'Caddy',
    command: 'caddy',
    args: ['run', '--config', config, '--adapter', 'caddyfile'],
    env: { PATH: process.env['PATH'], HOME: folder },
    folder,
    url: `http://127.0.0.1:${port}`,
    port,
    howToInstall: INSTALL_ALL,
    isReady: () => answers(`http://127.0.0.1:${own}/`),
  });
}
