import http from 'node:http';
import https from 'node:https';

import axios, { type AxiosResponse, isAxiosError } from 'axios';

import {
  type AppError,
  ClassifierUnavailable,
  Overloaded,
  UploadRejected,
  type UploadRejection,
} from '../../domain/errors.ts';
import type { Classification } from '../../ports/classifier.ts';
import { type AnswerDefaults, readAnswer } from './read-answer.ts';

/** Where a classifier is and how long it is waited for. */
export interface TransportOptions extends AnswerDefaults {
  /** Where the service listens, without a trailing slash; `/predict` is added. */
  readonly baseUrl: string;
  /** How long one answer may take, ms. */
  readonly timeoutMs: number;
}

/** Connections to one classifier. */
export interface ClassifierTransport {
  /** @throws ClassifierUnavailable, Overloaded, UploadRejected */
  classify(path: string, image: Buffer, given?: AbortSignal): Promise<Classification>;
  /** @throws ClassifierUnavailable */
  isReady(): Promise<boolean>;
  close(): void;
}

const ANSWER_BYTES_MAX = 1_048_576;
const CONNECTIONS_KEPT_MAX = 64;
const READY_MS = 2000;
/** What a server's refusal says about the image; any other 4xx is a fault between the two services. */
const REJECTIONS: Readonly<Record<number, UploadRejection>> = {
  400: 'corrupt',
  413: 'bytes',
  415: 'type',
  422: 'corrupt',
};

export function createClassifierTransport(options: TransportOptions): ClassifierTransport {
  const httpAgent = new http.Agent({ keepAlive: true, maxFreeSockets: CONNECTIONS_KEPT_MAX });
  const httpsAgent = new https.Agent({ keepAlive: true, maxFreeSockets: CONNECTIONS_KEPT_MAX });
  const client = axios.create({
    baseURL: options.baseUrl,
    httpAgent,
    httpsAgent,
    maxContentLength: ANSWER_BYTES_MAX,
    maxBodyLength: Infinity,
    maxRedirects: 0,
    proxy: false,
    allowAbsoluteUrls: false,
    validateStatus: () => true,
  });
  return {
    async classify(path, image, given) {
      const response = await ask(options, () =>
        client.post<unknown>(
          path,
          { image: image.toString('base64') },
          { signal: within(options.timeoutMs, given) },
        ),
      );
      if (response.status !== 200) throw refusal(response, options.baseUrl);
      return readAnswer(response.data, options);
    },
    /** A server without the route (404) that answers at all is taken as ready. */
    async isReady() {
      const response = await ask(options, () =>
        client.get('/readyz', { signal: within(Math.min(READY_MS, options.timeoutMs)) }),
      );
      return response.status < 400 || response.status === 404;
    },
    close() {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

const within = (timeoutMs: number, given?: AbortSignal): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(given === undefined ? [] : [given])]);

/** A kept connection may have been closed by the other side just now; classifying is safe to repeat, so once more. */
async function ask(
  { baseUrl, timeoutMs }: TransportOptions,
  send: () => Promise<AxiosResponse<unknown>>,
): Promise<AxiosResponse<unknown>> {
  const translated = (error: unknown): ClassifierUnavailable =>
    new ClassifierUnavailable(
      `The classifier at ${baseUrl} did not answer within ${timeoutMs} ms (${reasonOf(error)}). Is it running, and is CLASSIFIER_URL right?`,
      { cause: error },
    );
  try {
    return await send();
  } catch (error) {
    if (!wasStaleConnection(error)) throw translated(error);
    return send().catch((again: unknown) => {
      throw translated(again);
    });
  }
}

function wasStaleConnection(error: unknown): boolean {
  if (!isAxiosError(error) || (error.code !== 'ECONNRESET' && error.code !== 'EPIPE')) return false;
  const request = error.request as { reusedSocket?: boolean; _currentRequest?: http.ClientRequest };
  return request.reusedSocket === true || request._currentRequest?.reusedSocket === true;
}

const reasonOf = (error: unknown): string =>
  isAxiosError(error) ? (error.code ?? error.message) : String(error);

function refusal(response: AxiosResponse<unknown>, baseUrl: string): AppError {
  const said = messageOf(response.data);
  const rejection = REJECTIONS[response.status];
  if (rejection !== undefined)
    return new UploadRejected(rejection, `The classifier refused the image: ${said}`);
  if (response.status === 503 || response.status === 429)
    return new Overloaded(
      'queue_full',
      'The classifier takes no more work just now.',
      retryAfter(response),
    );
  return new ClassifierUnavailable(
    `The classifier at ${baseUrl} answered ${response.status} (${said}); expected 200 with a prediction. Check CLASSIFIER_URL and that service's log.`,
  );
}

function retryAfter(response: AxiosResponse<unknown>): number {
  const seconds = Number(response.headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? Math.ceil(seconds) : 1;
}

/** FastAPI says `detail`, ours too (wire compatibility); others say `error.message`, or something else. */
function messageOf(data: unknown): string {
  if (typeof data !== 'object' || data === null) return 'no reason given';
  const { detail, error } = data as { detail?: unknown; error?: { message?: unknown } };
  const said = typeof detail === 'string' ? detail : error?.message;
  return typeof said === 'string' ? said.slice(0, 300) : 'no reason given';
}
