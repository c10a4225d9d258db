import http from 'node:http';
import https from 'node:https';

import axios, { isAxiosError } from 'axios';

import { LabelingToolUnavailable } from '../../domain/errors.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /**
   * Path under the server's address, with a leading slash. Also with a trailing one where Label Studio's route has it: without
   * it Label Studio goes through its middleware twice, a third of what a small call costs it.
   */
  readonly path: string;
  readonly params?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: unknown;
  readonly authorization?: string;
}

/** What came back, whatever its status. */
export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
  readonly location: string | null;
}

export interface Transport {
  /** @throws LabelingToolUnavailable when no answer came */
  send(call: Call): Promise<Answer>;
  /** Calls under way, and all later ones, get no answer. */
  close(): void;
}

/** A page of tasks with all their annotations; anything larger is no answer that we asked for. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** HTTP to one server: no redirects, no proxy, no other address, every wait bounded. */
export function createTransport(baseUrl: string, timeoutMs: number): Transport {
  const httpAgent = new http.Agent({ keepAlive: true, maxSockets: 4 });
  const httpsAgent = new https.Agent({ keepAlive: true, maxSockets: 4 });
  const underWay = new Set<AbortController>();
  let isClosed = false;
  const client = axios.create({
    baseURL: baseUrl,
    timeout: timeoutMs,
    httpAgent,
    httpsAgent,
    maxContentLength: ANSWER_BYTES_MAX,
    maxRedirects: 0,
    proxy: false,
    allowAbsoluteUrls: false,
    responseType: 'text',
    transformResponse: (data: unknown) => data,
    validateStatus: () => true,
  });
  return {
    async send({ method, path, params, body, authorization }) {
      const ending = new AbortController();
      if (isClosed) ending.abort();
      underWay.add(ending);
      // `timeout` watches silence only; a server that trickles is ended here.
      const late = setTimeout(() => {
        ending.abort();
      }, timeoutMs);
      try {
        const { status, data, headers } = await client.request<unknown>({
          method,
          url: path,
          ...(params === undefined ? {} : { params }),
          ...(body === undefined ? {} : { data: JSON.stringify(body) }),
          signal: ending.signal,
          headers: {
            Accept: 'application/json',
            ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
            ...(authorization === undefined ? {} : { Authorization: authorization }),
          },
        });
        const header = (name: string): string | null => {
          const value: unknown = headers[name];
          return typeof value === 'string' ? value : null;
        };
        return {
          status,
          text: typeof data === 'string' ? data : '',
          retryAfter: header('retry-after'),
          location: header('location'),
        };
      } catch (error) {
        throw new LabelingToolUnavailable(
          `Label Studio at ${baseUrl} gave no answer (${reasonOf(error)}; waited at most ${timeoutMs} ms). Is it running, and is LABEL_STUDIO_URL right?`,
          { cause: error },
        );
      } finally {
        clearTimeout(late);
        underWay.delete(ending);
      }
    },
    close() {
      isClosed = true;
      for (const ending of underWay) ending.abort();
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

const reasonOf = (error: unknown): string =>
  isAxiosError(error) ? (error.code ?? error.message) : String(error);
