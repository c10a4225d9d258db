import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A listening HTTP server with the whole of its life. */
export interface Served {
  readonly url: string;
  readonly port: number;
  /** Goes on answering, and asks each client to connect anew: whoever does lands where somebody stays. */
  leave(): void;
  /** Takes no new connections, lets requests in flight finish (at most `graceMs`), then resolves. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Listens, with time-outs that a slow or silent client can't stretch.
 * @param options.port 0 picks a free one
 * @throws the listen error (EADDRINUSE, EACCES) as Node gives it; wire/listen.ts says it in words
 */
export async function serve(
  handler: RequestListener,
  options: { readonly host: string; readonly port: number; readonly requestTimeoutMs?: number },
): Promise<Served> {
  const requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
  // Node looks for late requests every 30 s unless told otherwise: a time-out of 30 s would then last up to 60.
  let isLeaving = false;
  const server = createServer(
    { connectionsCheckingInterval: Math.ceil(requestTimeoutMs / 10) },
    (request, response) => {
      if (isLeaving) response.setHeader('Connection', 'close');
      handler(request, response);
    },
  );
  server.headersTimeout = Math.min(10_000, requestTimeoutMs);
  server.requestTimeout = requestTimeoutMs;
  server.keepAliveTimeout = 65_000;
  await listen(server, options.host, options.port);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `http://${host}:${port}`,
    port,
    leave() {
      isLeaving = true;
    },
    stop: (graceMs = 10_000) => stop(server, graceMs),
  };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cutOff = setTimeout(() => {
      server.closeAllConnections();
    }, graceMs);
    server.close(() => {
      clearTimeout(cutOff);
      resolve();
    });
    // A kept-alive connection is idle again once its request is answered: ask it to go then, not only now.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
    }, 50);
    server.once('close', () => {
      clearInterval(sweep);
    });
    server.closeIdleConnections();
  });
}
