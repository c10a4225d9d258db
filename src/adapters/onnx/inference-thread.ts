import { toMovable } from '../../threads/movable.ts';
import { startWorker } from '../../threads/start-worker.ts';
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

export function createInferenceThread(
  start: WorkerStart,
  events: InferenceThreadEvents,
): InferenceThread {
  const worker = startWorker(import.meta.url, 'inference-worker', start);
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
      const own = toMovable(image);
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
