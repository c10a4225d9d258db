import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { Records } from './label-studio-records.ts';
import { type FakeAnswer, type FakeRequest, problem, route } from './label-studio-routes.ts';

/**
 * What goes wrong with a request: answered with a status; `lost`: done, but the answer never arrives; `refused`: not done
 * and the connection cut; `silent`: not done and never answered.
 */
export interface FakeFault {
  /** For instance 'POST /api/projects'; a request whose method and path begin with it is hit. */
  readonly at: string;
  readonly as:
    | 'lost'
    | 'refused'
    | 'silent'
    | {
        readonly status: number;
        readonly text?: string;
        readonly headers?: Record<string, string>;
      };
  /** Only requests whose body holds this text. */
  readonly containing?: string;
  /** How many requests are hit; 1 when left out. */
  readonly times?: number;
}

/** A Label Studio in memory, behind real HTTP. */
export interface FakeLabelStudio {
  readonly url: string;
  /** Legacy token of its one account. */
  readonly token: string;
  /** Personal access token of the same account. */
  readonly personalToken: string;
  readonly records: Records;
  /** 'METHOD /path' of every request so far, oldest first. */
  readonly requests: readonly string[];
  break(fault: FakeFault): void;
  /** Takes all faults back. */
  heal(): void;
  /** Ends the life of every access token given out. */
  expireAccessTokens(): void;
  close(): Promise<void>;
}

const ACCESS_SECONDS = 300;
const WEBHOOK_TIMEOUT_MS = 1000;

/** Starts a fake on a free port of 127.0.0.1. */
export async function startFakeLabelStudio(): Promise<FakeLabelStudio> {
  const records = new Records();
  const requests: string[] = [];
  const faults: { fault: FakeFault; left: number }[] = [];
  const accessTokens = new Set<string>();
  const token = randomBytes(20).toString('hex');
  const personalToken = jwt({ token_type: 'refresh', jti: randomUUID() });

  const announce = async (project: number, action: string, payload: object): Promise<void> => {
    const hooks = [...records.webhooks.values()].filter(
      (hook) => hook.project === project && hook.actions.includes(action) && hook.is_active,
    );
    for (const hook of hooks)
      // Sent once, inside the request that caused it, and never again.
      await fetch(hook.url, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...hook.headers },
        body: JSON.stringify({ action, ...(hook.send_payload ? payload : {}) }),
        signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
      }).catch(() => null);
  };

  const answerTo = async (request: FakeRequest, authorization: string): Promise<FakeAnswer> => {
    const path = request.path.replace(/\/$/, '');
    if (path === '/health') return { status: 200, json: { status: 'UP' } };
    if (path === '/api/version') return { status: 200, json: { release: '1.23.2' } };
    if (path === '/api/token/refresh') return refresh(request.body);
    const isKnown =
      authorization === `Token ${token}` ||
      (authorization.startsWith('Bearer ') && accessTokens.has(authorization.slice(7)));
    if (!isKnown) return problem(401, 'Authentication credentials were not provided.');
    return route(records, request, announce);
  };

  const refresh = (body: unknown): FakeAnswer => {
    if ((body as { refresh?: unknown } | null)?.refresh !== personalToken)
      return problem(401, 'Token is invalid');
    const iat = Math.floor(Date.now() / 1000);
    const access = jwt({ iat, exp: iat + ACCESS_SECONDS, jti: randomUUID() });
    accessTokens.add(access);
    return { status: 200, json: { access } };
  };

  const takeFault = (line: string, body: unknown): FakeFault['as'] | null => {
    const hit = faults.find(
      ({ fault, left }) =>
        left > 0 &&
        line.startsWith(fault.at) &&
        JSON.stringify(body).includes(fault.containing ?? ''),
    );
    if (hit === undefined) return null;
    hit.left -= 1;
    return hit.fault.as;
  };

  const handle = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(message);
    const line = `${request.method} ${request.path}`;
    requests.push(line);
    const fault = takeFault(line, request.body);
    if (fault === 'silent') return;
    if (fault === 'refused') {
      message.socket.destroy();
      return;
    }
    if (typeof fault === 'object' && fault !== null) {
      response.writeHead(fault.status, fault.headers).end(fault.text ?? '');
      return;
    }
    const answer = await answerTo(request, message.headers.authorization ?? '');
    if (fault === 'lost') message.socket.destroy();
    else write(response, answer);
  };

  const server = createServer((message, response) => {
    handle(message, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token,
    personalToken,
    records,
    requests,
    break: (fault) => faults.push({ fault, left: fault.times ?? 1 }),
    heal: () => {
      faults.length = 0;
    },
    expireAccessTokens: () => {
      accessTokens.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** A token in the shape of Label Studio's; the fake knows its own by heart and checks no signature. */
function jwt(payload: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(payload)}.${randomBytes(8).toString('base64url')}`;
}

async function readRequest(message: IncomingMessage): Promise<FakeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const url = new URL(message.url ?? '/', 'http://fake');
  return {
    method: message.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    body: text === '' ? null : (JSON.parse(text) as unknown),
  };
}

function write(response: ServerResponse, answer: FakeAnswer): void {
  if ('html' in answer) {
    response.writeHead(answer.status, { 'Content-Type': 'text/html' }).end(answer.html);
    return;
  }
  response.writeHead(answer.status, { 'Content-Type': 'application/json' });
  response.end(answer.json === null ? '' : JSON.stringify(answer.json));
}
