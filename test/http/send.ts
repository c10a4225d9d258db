import http from 'node:http';

/** What came back; the body as text. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Sends the body's end again and again, in chunks, until it is answered. */
  readonly isEndless?: boolean;
}

/**
 * Sends exactly these bytes under exactly these headers, as fetch would not.
 * @throws the connection's error when it ends without an answer
 */
export async function send(url: string, sent: Sent): Promise<Answer> {
  for (let left = sent.isEndless === true ? ENDLESS_TRIES : 1; ; left--) {
    try {
      return await sendOnce(url, sent);
    } catch (error) {
      if (left === 1 || !isBrokenPipe(error)) throw error;
    }
  }
}

/** Whoever still sends when the connection is closed may lose the answer that came before: TCP drops what was not read. */
export const isBrokenPipe = (error: unknown): boolean =>
  ['EPIPE', 'ECONNRESET'].includes((error as { code?: string }).code ?? '');
const ENDLESS_TRIES = 30;

export function sendOnce(
  url: string,
  { method = 'POST', headers = {}, body = Buffer.alloc(0), isEndless = false }: Sent,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const length =
      'Content-Length' in headers || isEndless ? {} : { 'Content-Length': body.length };
    const request = http.request(url, { method, headers: { ...length, ...headers }, agent: false });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject).on('end', () => {
        request.destroy();
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    // Answered while it still sends: the broken pipe that may follow the answer is no failure.
    request.on('error', reject);
    if (isEndless) sendOn(request, body);
    else if ('Content-Length' in headers) request.write(body);
    else request.end(body);
  });
}

function sendOn(request: http.ClientRequest, body: Buffer): void {
  const more = Buffer.alloc(65_536, 'A');
  const write = (): void => {
    while (!request.destroyed && request.write(more));
    request.once('drain', write);
  };
  request.write(body);
  write();
}
