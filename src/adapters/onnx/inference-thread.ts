import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

import type { WorkerReply, WorkerRequest, WorkerStart } from './inference-messages.ts';

export interface InferenceThread {
  /** Hands the bytes over: they are the thread's afterwards. */
  run(image: Uint8Array): void;
  /** @returns when the thread has ended by itself */
  stop(): Promise<void>;
  /** Ends the thread in the middle of whatever it does. */
  kill(): void;
}

export interface InferenceThreadEvents {
  onReply(reply: WorkerReply): void;
  /** The thread ended though nobody asked it to. Called once. */
  onDeath(cause: Error): void;
}

/** The compiled program has the worker beside it as .js, the sources as .ts. */
const isSource = import.meta.url.endsWith('.ts');
const WORKER = new URL(`./inference-worker.${isSource ? 'ts' : 'js'}`, import.meta.url);

/** Node 20 does not hand the loader that reads TypeScript on to its threads: tests and development need it there too. */
const loaderOfSources = (): string[] => {
  const path = createRequire(import.meta.url)
    .resolve('tsx/esm/api')
    .replace(/\.cjs$/, '.mjs');
  const api = pathToFileURL(path).href;
  return ['--import', `data:text/javascript,import { register } from '${api}'; register();`];
};

export function createInferenceThread(
  start: WorkerStart,
  events: InferenceThreadEvents,
): InferenceThread {
  const worker = new Worker(WORKER, {
    workerData: start,
    ...(isSource ? { execArgv: loaderOfSources() } : {}),
  });
  let isStopping = false;
  let cause: Error | null = null;
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      resolve();
      if (!isStopping)
        events.onDeath(cause ?? new Error(`the worker thread ended with code ${code}`));
    });
  });
  worker.on(
    'error',
    (error) => (cause = error instanceof Error ? error : new Error(String(error))),
  );
  worker.on('message', (reply: WorkerReply) => {
    events.onReply(reply);
  });
  const send = (request: WorkerRequest, transfer: ArrayBuffer[] = []): void => {
    worker.postMessage(request, transfer);
  };
  return {
    run(image) {
      const own = ownBytes(image);
      send({ kind: 'run', image: own }, [own.buffer]);
    },
    async stop() {
      isStopping = true;
      send({ kind: 'stop' });
      await ended;
    },
    kill: () => void worker.terminate(),
  };
}

/** Small buffers share memory with others and must be copied; large ones are moved. */
function ownBytes(image: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteLength } = image;
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength
    ? (image as Uint8Array<ArrayBuffer>)
    : new Uint8Array(image);
}
