import http from 'node:http';
import https from 'node:https';

import axios, { type AxiosInstance, type AxiosResponse, isAxiosError } from 'axios';

import {
  type AppError,
  ClassifierUnavailable,
  Overloaded,
  UploadRejected,
  type UploadRejection,
} from '../../domain/errors.ts';
import type { Classification, Classifier } from '../../ports/classifier.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Meter } from '../../ports/meter.ts';
import { type Circuit, createCircuit } from '../circuit/create-circuit.ts';
import { type AnswerDefaults, readAnswer } from './read-answer.ts';

/** What an HTTP classifier needs to know. */
export interface HttpClassifierOptions extends AnswerDefaults {
  /** Where the service listens, without a trailing slash; `/predict` is added. */
  readonly baseUrl: string;
  /** How long one answer may take, ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly meter: Meter;
}

/** The Classifier port over HTTP; `close` ends the kept connections. */
export interface HttpClassifier extends Classifier {
  close(): void;
}

const ANSWER_BYTES_MAX = 1_048_576;
const CONNECTIONS_KEPT_MAX = 64;
/** A classifier that failed so often in a row is left in peace for so long: users hear at once that it is away. */
const FAILURES_MAX = 6;
const OPEN_MS = 2000;
/** What a server's refusal says about the image; any other 4xx is a fault between the two services. */
const REJECTIONS: Readonly<Record<number, UploadRejection>> = {
  400: 'corrupt',
  413: 'bytes',
  415: 'type',
  422: 'corrupt',
};

/**
 * Asks any server that takes `POST /predict` with `{"image": base64}` and answers `prediction` and `probability`
 * (`probabilities` and `model_version` where it has them).
 */
export function createHttpClassifier(options: HttpClassifierOptions): HttpClassifier {
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
  const circuit = circuitOf(options);
  return {
    classify: (image) =>
      circuit.execute(() => measured(options, 'classify', () => classify(client, options, image))),
    isReady: () => measured(options, 'ready', () => isReady(client, options)).catch(() => false),
    close: () => {
      httpAgent.destroy();
      httpsAgent.destroy();
    },
  };
}

/** A refused image, and a classifier with too much to do, are answers of one in good health. */
function circuitOf({ baseUrl, meter }: HttpClassifierOptions): Circuit {
  const circuit = createCircuit({
    dependency: 'classifier',
    failuresMax: FAILURES_MAX,
    openMs: OPEN_MS,
    isFailure: (error) => error instanceof ClassifierUnavailable,
    notAsked: (cause) =>
      new ClassifierUnavailable(
        `The classifier at ${baseUrl} was not asked: its last calls all failed. It is asked again by itself in a few seconds.`,
        { cause },
      ),
  });
  circuit.showIn(meter);
  return circuit;
}

async function classify(
  client: AxiosInstance,
  options: HttpClassifierOptions,
  image: Buffer,
): Promise<Classification> {
  const response = await ask(options, () =>
    client.post<unknown>(
      '/predict',
      { image: image.toString('base64') },
      { signal: AbortSignal.timeout(options.timeoutMs) },
    ),
  );
  if (response.status !== 200) throw refusal(response, options.baseUrl);
  return readAnswer(response.data, options);
}

/** A server without the route (404) that answers at all is taken as ready. */
async function isReady(client: AxiosInstance, options: HttpClassifierOptions): Promise<boolean> {
  const response = await ask(options, () =>
    client.get('/readyz', { signal: AbortSignal.timeout(Math.min(2000, options.timeoutMs)) }),
  );
  return response.status < 400 || response.status === 404;
}

/** A kept connection may have been closed by the other side just now; classifying is safe to repeat, so once more. */
async function ask(
  { baseUrl, timeoutMs }: HttpClassifierOptions,
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

async function measured<Value>(
  { clock, meter }: HttpClassifierOptions,
  operation: 'classify' | 'ready',
  work: () => Promise<Value>,
): Promise<Value> {
  const startedAt = clock.now();
  let result = 'success';
  try {
    return await work();
  } catch (error) {
    // A refused image is a good answer of a server in good health.
    if (!(error instanceof UploadRejected)) result = 'failure';
    throw error;
  } finally {
    const labels = { dependency: 'classifier', operation };
    meter.increment('truthloop_dependency_requests_total', { ...labels, result });
    meter.observe(
      'truthloop_dependency_request_duration_seconds',
      (clock.now() - startedAt) / 1000,
      labels,
    );
  }
}
