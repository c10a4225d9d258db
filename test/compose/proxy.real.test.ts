import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import {
  installLabelStudio,
  labelStudioEnvironment,
  labelStudioVenv,
} from '../../scripts/start/label-studio.mjs';
import { freePort } from '../../scripts/start/ports.mjs';
import { answers } from '../../scripts/start/process.mjs';
import { migratedDatabase } from '../servers/label-studio.ts';
import { type Product, startProduct } from '../servers/product.ts';
import { INSTALL_ALL, type Server, startServer, temporaryFolder } from '../servers/server.ts';
import { photo } from '../web/photos.ts';
import { type Answer, type Caddy, DOMAIN, startCaddy } from './caddy.ts';
import { COMPOSE_FOLDER, composeWith, madeSecrets } from './compose-file.ts';

const SITE = `https://${DOMAIN}`;

describe('the proxy of the profile tls (real Caddy, real Label Studio)', () => {
  const secrets = madeSecrets(DOMAIN) as Record<string, string>;
  const settings = composeWith(secrets).services;
  let product: Product;
  let labelStudio: Server;
  let grafana: Echo;
  let caddy: Caddy;
  const running: { stop: () => Promise<void> }[] = [];
  const keep = async <T extends { stop: () => Promise<void> }>(
    starting: Promise<T>,
  ): Promise<T> => {
    const started = await starting;
    running.push(started);
    return started;
  };

  before(async function startAll() {
    this.timeout(420_000);
    grafana = await keep(startEcho());
    [product, labelStudio] = await Promise.all([
      keep(startProduct(webSettings(secrets, settings['web']?.environment ?? {}))),
      keep(startLabelStudio(settings['label-studio']?.environment ?? {})),
    ]);
    caddy = await keep(
      startCaddy({
        web: Number(new URL(product.webUrl).port),
        labelStudio: labelStudio.port,
        grafana: grafana.port,
      }),
    );
  });

  after(async function stopAll() {
    this.timeout(60_000);
    await Promise.all(running.map((started) => started.stop()));
  });

  it('sends plain http to https, without the port that it listens on inside', async () => {
    const { status, location } = await askPlain(caddy.httpPort, '/accuracy');
    assert.equal(status, 308);
    assert.equal(location, `${SITE}/accuracy`);
  });

  it('serves the pages with TLS, and browsers are told to stay with it', async () => {
    const page = await caddy.ask('/');
    assert.equal(page.status, 200);
    assert.match(String(page.headers['strict-transport-security']), /max-age=/);
  });

  it('takes an upload from its own page and serves the image under the public address', async () => {
    const { body, type } = await photoForm();
    const answer = await caddy.ask('/predict', {
      method: 'POST',
      headers: {
        'content-type': type,
        accept: 'application/json',
        origin: SITE,
        'sec-fetch-site': 'same-origin',
      },
      body,
    });
    assert.equal(answer.status, 200, answer.text);
    const { image_url: address } = JSON.parse(answer.text) as { image_url: string };
    const url = new URL(address, SITE);
    assert.equal(url.origin, SITE);
    const image = await caddy.ask(`${url.pathname}${url.search}`, { headers: { origin: SITE } });
    assert.equal(image.status, 200);
    assert.equal(image.headers['content-type'], 'image/jpeg');
    assert.equal(image.headers['access-control-allow-origin'], SITE, 'Label Studio may show it');
  });

  it('refuses a form that another site made a browser send', async () => {
    const { body, type } = await photoForm();
    const headers = { 'content-type': type, origin: 'https://elsewhere.example' };
    assert.equal((await caddy.ask('/predict', { method: 'POST', headers, body })).status, 403);
  });

  it('lets nobody from outside read metrics or accuracy without the key, whatever headers they send', async () => {
    const forged = [
      {},
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=127.0.0.1' },
      { 'x-real-ip': '127.0.0.1', 'x-forwarded-host': 'localhost' },
      { authorization: 'Bearer not-the-key' },
    ];
    for (const target of ['/metrics', '/accuracy', '/api/accuracy']) {
      for (const headers of forged) {
        const { status } = await caddy.ask(target, { headers });
        assert.ok([401, 403].includes(status), `${target} ${JSON.stringify(headers)}: ${status}`);
      }
      const authorization = `Bearer ${secrets['OPS_KEY'] ?? ''}`;
      assert.equal((await caddy.ask(target, { headers: { authorization } })).status, 200, target);
    }
  });

  it('opens no way to the other roles', async () => {
    const { status } = await caddy.ask('/webhooks/label-studio', { method: 'POST', body: '{}' });
    assert.equal(status, 404);
    assert.equal((await caddy.ask('/runs', { method: 'POST' })).status, 404);
    // The classifier has such a document as well.
    assert.match((await caddy.ask('/openapi.json')).text, /"title":"Truthloop web"/);
  });

  it('serves Label Studio under /label-studio/, with cookies that only https carries', async () => {
    const moved = await caddy.ask('/label-studio');
    assert.equal(moved.headers['location'], '/label-studio/');
    const form = await caddy.ask('/label-studio/user/login/');
    assert.equal(form.status, 200);
    const script =
      /<(?:script|link)[^>]+(?:src|href)="([^"]*\/static\/[^"]+)"/.exec(form.text)?.[1] ?? '';
    assert.match(script, /label-studio\/static\//);
    const asset = await caddy.ask(new URL(script, SITE).pathname);
    assert.equal(asset.status, 200, script);
    const entered = await logIn(caddy, form, secrets);
    assert.equal(entered.status, 302, entered.text.slice(0, 500));
    assert.match(
      String(entered.headers['location']),
      /^(https:\/\/photos\.localhost)?\/label-studio\//,
    );
    for (const cookie of [...cookiesOf(form), ...cookiesOf(entered)])
      assert.match(cookie, /; Secure/i);
    const session = cookiesOf(entered)
      .map((cookie) => cookie.split(';')[0])
      .join('; ');
    const projects = await caddy.ask('/label-studio/api/projects', {
      headers: { cookie: session },
    });
    assert.equal(projects.status, 200);
  });

  it('leaves Label Studio where sync asks for it: inside, without the prefix', async () => {
    const { status } = await fetch(`${labelStudio.url}/api/projects`, {
      headers: { Authorization: `Token ${secrets['LABEL_STUDIO_TOKEN'] ?? ''}` },
    });
    assert.equal(status, 200);
  });

  it('hands Grafana its path as it is, and says that it was reached by https', async () => {
    assert.equal((await caddy.ask('/grafana')).headers['location'], '/grafana/');
    assert.equal((await caddy.ask('/grafana/api/health')).status, 200);
    const seen = grafana.seen.at(-1);
    assert.equal(seen?.path, '/grafana/api/health');
    assert.equal(seen.headers['x-forwarded-proto'], 'https');
    assert.equal(seen.headers['x-forwarded-host'], DOMAIN);
  });

  it('starts with nothing but a host name: without one it says what is missing', () => {
    const { status, stderr } = spawnSync(
      'caddy',
      ['validate', '--config', path.join(COMPOSE_FOLDER, 'Caddyfile'), '--adapter', 'caddyfile'],
      { env: { PATH: process.env['PATH'], DOMAIN: '' }, encoding: 'utf8' },
    );
    assert.equal(status, 1);
    assert.match(stderr, /default_sni|Wrong argument count/);
  });
});

interface Echo {
  readonly port: number;
  readonly seen: readonly SeenRequest[];
  stop(): Promise<void>;
}

interface SeenRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** As in the containers, but with the store and the ports of a test. */
function webSettings(
  secrets: Readonly<Record<string, string>>,
  environment: Readonly<Record<string, string>>,
): Record<string, string> {
  const { PUBLIC_URL = '', LABEL_STUDIO_PUBLIC_URL = '', TRUST_PROXY = '' } = environment;
  return { ...secrets, ROLES: 'web,classifier', PUBLIC_URL, LABEL_STUDIO_PUBLIC_URL, TRUST_PROXY };
}

/** With the container's own settings for what a browser sees. */
async function startLabelStudio(environment: Readonly<Record<string, string>>): Promise<Server> {
  const folder = temporaryFolder('label-studio-proxied');
  await installLabelStudio({ env: process.env, logFile: path.join(folder, 'install.log') });
  copyFileSync(await migratedDatabase(), path.join(folder, 'label_studio.sqlite3'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const seenByBrowsers = Object.fromEntries(
    [
      'LABEL_STUDIO_HOST',
      'SESSION_COOKIE_SECURE',
      'CSRF_COOKIE_SECURE',
      'CSRF_TRUSTED_ORIGINS',
    ].map((name) => [name, environment[name]]),
  );
  const account = {
    username: environment['LABEL_STUDIO_USERNAME'] ?? '',
    password: environment['LABEL_STUDIO_PASSWORD'] ?? '',
    token: environment['LABEL_STUDIO_USER_TOKEN'] ?? '',
  };
  return startServer({
    name: 'Label Studio',
    command: path.join(labelStudioVenv(process.env), 'bin', 'label-studio'),
    args: ['start', '--no-browser', '--internal-host', '127.0.0.1', '--port', String(port)],
    env: { ...labelStudioEnvironment(process.env, folder, account), ...seenByBrowsers },
    folder,
    url,
    port,
    timeoutMs: 300_000,
    howToInstall: INSTALL_ALL,
    isReady: () => answers(`${url}/health`),
  });
}

/** Grafana can't be had everywhere: this stands where it would, and keeps what it was asked. */
async function startEcho(): Promise<Echo> {
  const seen: SeenRequest[] = [];
  const server = createServer(({ url = '', headers }, response) => {
    seen.push({ path: url, headers });
    response.end('ok');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  return { port: (server.address() as AddressInfo).port, seen, stop };
}

async function photoForm(): Promise<{ body: Buffer; type: string }> {
  const form = new FormData();
  form.append('file', new Blob([new Uint8Array(await photo())]), 'photo.jpg');
  const packed = new Response(form);
  return {
    body: Buffer.from(await packed.arrayBuffer()),
    type: packed.headers.get('content-type') ?? '',
  };
}

function askPlain(port: number, target: string): Promise<{ status: number; location: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: target, headers: { host: DOMAIN } }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? '' });
    })
      .once('error', reject)
      .end();
  });
}

const cookiesOf = ({ headers }: Answer): readonly string[] =>
  (headers['set-cookie'] as readonly string[] | undefined) ?? [];

function logIn(
  caddy: Caddy,
  form: Answer,
  secrets: Readonly<Record<string, string>>,
): Promise<Answer> {
  const csrf = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(form.text)?.[1] ?? '';
  const body = new URLSearchParams({
    csrfmiddlewaretoken: csrf,
    email: secrets['LABEL_STUDIO_USERNAME'] ?? '',
    password: secrets['LABEL_STUDIO_PASSWORD'] ?? '',
  });
  return caddy.ask('/label-studio/user/login/', {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      cookie: cookiesOf(form)
        .map((cookie) => cookie.split(';')[0])
        .join('; '),
      origin: SITE,
      referer: `${SITE}/label-studio/user/login/`,
    },
    body: body.toString(),
  });
}
