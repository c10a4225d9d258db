import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

import sharp from 'sharp';

import type { LabelStudioAt } from './audit.ts';
import type { History } from './history.ts';
import { Installation, TINY_MODEL } from './installation.ts';
import { startProxy } from './proxy.ts';

const CLIENTS = 4;
/** A load balancer asks for readiness; orchestrators kill after 30 s. */
const GRACE_MS = 20_000;

const wholeProgram = (settings: Readonly<Record<string, string>>): Promise<Installation> =>
  Installation.prepare('life', {
    ROLES: 'web,classifier,sync',
    MODEL_DIR: TINY_MODEL,
    ...settings,
  });

/** A client that keeps its connection, and tells how each of its requests ended. */
interface Client {
  readonly ended: Promise<void>;
}

/** SIGTERM under load: not ready first, everything in flight is answered, no connection is reset, exit code 0. */
export async function endUnderLoad(history: History, labelStudio: LabelStudioAt): Promise<void> {
  const installation = await wholeProgram(accessTo(labelStudio.url, labelStudio.token));
  try {
    const product = await installation.start();
    const photo = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const faults: string[] = [];
    const acknowledged: string[] = [];
    const state = { isOver: false };
    const clients = Array.from({ length: CLIENTS }, () =>
      keepUploading(product.webUrl, photo, { faults, acknowledged, state }),
    );
    while (acknowledged.length < CLIENTS * 3) await pause(20);
    history.figures.faults += 1;
    const began = performance.now();
    process.kill(product.process.pid, 'SIGTERM');
    const said = await untilNotReady(product.webUrl);
    // As a load balancer does that has seen it: no new requests. Those under way go on.
    state.isOver = true;
    await Promise.all(clients.map(({ ended }) => ended));
    const { code, signal } = await product.process.exited;
    const ms = performance.now() - began;
    assert.equal(said, 503, 'readyz says that the program leaves before it does');
    assert.deepEqual(faults, [], 'requests in flight were cut');
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
    assert.ok(ms < GRACE_MS, `${ms} ms`);
    history.note(`ended ${Math.round(ms)} ms after SIGTERM, ${acknowledged.length} uploads`);
    history.figures.rounds += 1;
    await installation.start();
    await assertThere(installation, acknowledged);
    history.figures.records += acknowledged.length;
  } finally {
    await installation.remove();
  }
}

const accessTo = (url: string, token: string): Readonly<Record<string, string>> => ({
  LABEL_STUDIO_URL: url,
  LABEL_STUDIO_TOKEN: token,
});

function keepUploading(
  webUrl: string,
  photo: Buffer,
  notes: {
    readonly faults: string[];
    readonly acknowledged: string[];
    readonly state: { isOver: boolean };
  },
): Client {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const work = async (): Promise<void> => {
    while (!notes.state.isOver) {
      const answer = await upload(webUrl, photo, agent);
      if (answer.fault !== null) notes.faults.push(answer.fault);
      else notes.acknowledged.push(answer.id);
    }
    agent.destroy();
  };
  return { ended: work() };
}

function upload(
  webUrl: string,
  photo: Buffer,
  agent: http.Agent,
): Promise<{ readonly fault: string | null; readonly id: string }> {
  const boundary = 'a-boundary-of-this-test';
  const body = Buffer.concat([
    Buffer.from(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n`,
    ),
    photo,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return new Promise((resolve) => {
    const failed = (fault: string): void => {
      resolve({ fault, id: '' });
    };
    const request = http.request(
      `${webUrl}/predict`,
      {
        method: 'POST',
        agent,
        headers: {
          Accept: 'application/json',
          'Content-Type': `multipart/form-data; boundary=${boundary}`,
          'Content-Length': body.length,
        },
      },
      (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('error', (error) => {
          failed(error.message);
        });
        response.on('end', () => {
          if (response.statusCode === 200)
            resolve({ fault: null, id: (JSON.parse(text) as { id: string }).id });
          else failed(`${response.statusCode}: ${text}`);
        });
      },
    );
    request.on('error', (error) => {
      failed(`${(error as NodeJS.ErrnoException).code ?? ''} ${error.message}`);
    });
    request.end(body);
  });
}

/** @returns the first status that is not 200; null when the port closed without any */
async function untilNotReady(webUrl: string): Promise<number | null> {
  for (;;) {
    const status = await fetch(`${webUrl}/readyz`, { headers: { Connection: 'close' } }).then(
      async (answer) => {
        await answer.arrayBuffer();
        return answer.status;
      },
      () => null,
    );
    if (status !== 200) return status;
    await pause(5);
  }
}

async function assertThere({ product }: Installation, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const answer = await fetch(`${product.webUrl}/api/predictions/${id}`, {
      headers: { Authorization: `Bearer ${product.secret('OPS_KEY')}` },
    });
    await answer.arrayBuffer();
    assert.equal(answer.status, 200, `lost: ${id}`);
  }
}

/** A second signal ends the program at once, with a code that says so, whatever is under way. */
export async function endAtOnce(history: History, labelStudio: LabelStudioAt): Promise<void> {
  const installation = await wholeProgram(accessTo(labelStudio.url, labelStudio.token));
  try {
    const product = await installation.start();
    const socket = await halfAnUpload(product.webUrl);
    process.kill(product.process.pid, 'SIGTERM');
    assert.equal(await untilNotReady(product.webUrl), 503);
    assert.equal(product.process.isRunning(), true, 'it waits for what is under way');
    process.kill(product.process.pid, 'SIGTERM');
    const { code } = await product.process.exited;
    assert.equal(code, 1);
    socket.destroy();
    history.figures.rounds += 1;
  } finally {
    await installation.remove();
  }
}

/** A client that began to send a photo and is slow about the rest. */
async function halfAnUpload(webUrl: string): Promise<net.Socket> {
  const socket = net.connect(Number(new URL(webUrl).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(
    'POST /predict HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n--b\r\n',
  );
  return socket;
}

/** SIGTERM while Label Studio is silent: the run under way is given up, not waited for. */
export async function endWhileSilent(history: History, labelStudio: LabelStudioAt): Promise<void> {
  const proxy = await startProxy(Number(new URL(labelStudio.url).port));
  const installation = await wholeProgram(
    accessTo(`http://127.0.0.1:${proxy.port}`, labelStudio.token),
  );
  try {
    const asked = new Promise<void>((resolve) => {
      proxy.watch({
        onCall: () => {
          resolve();
          return 'pass';
        },
      });
    });
    proxy.poison({ kind: 'latency', ms: 600_000 });
    const product = await installation.start();
    await asked;
    history.figures.faults += 1;
    const began = performance.now();
    process.kill(product.process.pid, 'SIGTERM');
    const { code } = await product.process.exited;
    const ms = performance.now() - began;
    assert.equal(code, 0);
    assert.ok(ms < GRACE_MS, `ended after ${Math.round(ms)} ms`);
    history.figures.rounds += 1;
  } finally {
    await installation.remove();
    await proxy.close();
  }
}
