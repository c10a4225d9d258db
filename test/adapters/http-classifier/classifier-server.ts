import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server answers next. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A small real HTTP classifier that says what it is told to say. */
export interface ClassifierServer {
  readonly url: string;
  /** Bodies of `POST /predict`, as they came. */
  readonly asked: { image?: string }[];
  /** Connections opened so far. */
  connections(): number;
  answerWith(answer: Answer): void;
  /** Closes every kept connection, as a server does after its keep-alive time. */
  dropConnections(): void;
  stop(): Promise<void>;
}

export async function startClassifierServer(first: Answer): Promise<ClassifierServer> {
  let answer = first;
  let connections = 0;
  const asked: { image?: string }[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST' || request.url !== '/predict') {
        response.writeHead(404).end();
        return;
      }
      asked.push(JSON.parse(Buffer.concat(chunks).toString()) as { image?: string });
      response
        .writeHead(answer.status, { 'Content-Type': 'application/json', ...answer.headers })
        .end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    });
  });
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    connections: () => connections,
    answerWith: (next) => {
      answer = next;
    },
    dropConnections: () => {
      server.closeAllConnections();
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
