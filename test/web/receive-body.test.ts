import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

import type { RequestHandler } from 'express';

import { photo } from './photos.ts';
import { INGEST, OPS, startTestWeb, type TestWeb } from './start-test-web.ts';

/** Nearly the largest body: beside so many of them no upload has room. */
const BODY_BYTES = 330_000;
const CLIENTS = 16;

describe('clients that leave', () => {
  let web: TestWeb;
  let arrived: number;
  let gone: number;
  /** The connection, not the answer: one that waits behind another's is never closed. */
  const countClients: RequestHandler = (request, _response, next) => {
    arrived += 1;
    request.socket.once('close', () => (gone += 1));
    next();
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  };
  const client = (text: string): Socket => {
    const { hostname, port } = new URL(web.url);
    const socket = connect(Number(port), hostname);
    socket.write(text);
    return socket;
  };
  const head = (key: string): string =>
    `POST /api/predictions HTTP/1.1\r\nHost: x\r\nAuthorization: ${key}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${BODY_BYTES}\r\n\r\n`;
  const assertRoom = async (): Promise<void> => {
    const padded = Buffer.concat([await photo(), Buffer.alloc(190_000)]);
    const response = await web.upload(padded);
    assert.equal(response.status, 200, await response.text());
  };

  beforeEach(async () => {
    [arrived, gone] = [0, 0];
    web = await startTestWeb({ options: { instrument: countClients } });
  });
  afterEach(() => web.stop());

  it('before their key is known leave no room taken', async () => {
    const made = await web.post('/api/keys', { name: 'app' }, OPS);
    const { key } = (await made.json()) as { key: string };
    const reporters = await web.store.reporters();
    let [asked, say] = [0, (): void => undefined];
    const said = new Promise<void>((resolve) => (say = resolve));
    web.store.reporters = async () => {
      asked += 1;
      await said;
      return reporters;
    };
    const sockets = Array.from({ length: CLIENTS }, () => client(head(`Bearer ${key}`)));
    await until(() => asked === CLIENTS);
    for (const socket of sockets) socket.destroy();
    await until(() => gone >= CLIENTS);
    say();
    await assertRoom();
  });

  it('while an answer before theirs is awaited leave no room taken', async () => {
    web.store.findPrediction = () => new Promise(() => undefined);
    const first = 'GET /answers/a HTTP/1.1\r\nHost: x\r\n\r\n';
    const sockets = Array.from({ length: CLIENTS }, () =>
      client(first + head(INGEST.Authorization) + ' '.repeat(BODY_BYTES - 1)),
    );
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    await until(() => arrived === 2 * CLIENTS);
    for (const socket of sockets) socket.destroy();
    await until(() => gone === 2 * CLIENTS);
    await assertRoom();
  });
});
