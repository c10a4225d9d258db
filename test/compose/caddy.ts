import { readFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';

import { freePort } from '../../scripts/start/ports.mjs';
import { answers } from '../../scripts/start/process.mjs';
import { INSTALL_ALL, type Server, startServer, temporaryFolder } from '../servers/server.ts';
import { COMPOSE_FOLDER } from './compose-file.ts';

/** The proxy of the profile tls with the repository's Caddyfile, and a certificate authority of its own. */
export interface Caddy extends Server {
  readonly httpPort: number;
  /** A request to https://DOMAIN, with the certificate checked. */
  ask(target: string, options?: Asked): Promise<Answer>;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

export const DOMAIN = 'photos.localhost';

/** @param ports where web, Label Studio and Grafana listen on 127.0.0.1 */
export async function startCaddy(ports: {
  readonly web: number;
  readonly labelStudio: number;
  readonly grafana: number;
}): Promise<Caddy> {
  const folder = temporaryFolder('caddy');
  const [port, httpPort, admin] = await Promise.all([freePort(), freePort(), freePort()]);
  const server = await startServer({
    name: 'Caddy',
    command: 'caddy',
    args: ['run', '--config', path.join(COMPOSE_FOLDER, 'Caddyfile'), '--adapter', 'caddyfile'],
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      DOMAIN,
      TLS_ISSUER: 'internal',
      CADDY_ADMIN: `127.0.0.1:${admin}`,
      CADDY_HTTP_PORT: String(httpPort),
      CADDY_HTTPS_PORT: String(port),
      CADDY_STORAGE: folder,
      WEB_UPSTREAM_HOST: '127.0.0.1',
      WEB_UPSTREAM_PORT: String(ports.web),
      LABEL_STUDIO_UPSTREAM_HOST: '127.0.0.1',
      LABEL_STUDIO_UPSTREAM_PORT: String(ports.labelStudio),
      GRAFANA_UPSTREAM_HOST: '127.0.0.1',
      GRAFANA_UPSTREAM_PORT: String(ports.grafana),
    },
    folder,
    url: `https://${DOMAIN}`,
    port,
    howToInstall: INSTALL_ALL,
    isReady: () => answers(`http://127.0.0.1:${admin}/config/`),
  });
  const ca = readFileSync(path.join(folder, 'pki/authorities/local/root.crt'));
  return { ...server, httpPort, ask: (target, asked = {}) => ask(port, ca, target, asked) };
}

function ask(port: number, ca: Buffer, target: string, asked: Asked): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {}, body } = asked;
    const request = https.request(
      {
        ...{ host: '127.0.0.1', port, servername: DOMAIN, ca, path: target, method, agent: false },
        headers: { host: DOMAIN, ...headers },
      },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.once('error', reject);
        response.once('end', () => {
          const text = Buffer.concat(parts).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      },
    );
    request.once('error', reject);
    request.end(body);
  });
}
