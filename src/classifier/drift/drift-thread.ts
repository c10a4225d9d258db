import type { Worker } from 'node:worker_threads';

import { startWorker } from '../../threads/start-worker.ts';
import type { DriftReport } from './compare-samples.ts';
import type { DriftRow } from './drift-sample.ts';

export interface DriftWorkerStart {
  readonly classes: readonly string[];
}

export interface DriftComparison {
  readonly reference: readonly DriftRow[];
  readonly window: readonly DriftRow[];
  /** In [0, 1): decides the permutations. */
  readonly seed: number;
}

/** Compares in a thread of its own. */
export interface DriftThread {
  compare(comparison: DriftComparison): Promise<DriftReport>;
  stop(): Promise<void>;
}

/** The thread begins with the first comparison: a service that is never asked needs none. */
export function createDriftThread(start: DriftWorkerStart): DriftThread {
  let worker: Worker | null = null;
  return {
    compare(comparison) {
      worker ??= startWorker(import.meta.url, 'drift-worker', start);
      return answerOf(worker, comparison).catch((error: unknown) => {
        worker = null;
        throw error;
      });
    },
    async stop() {
      await worker?.terminate();
      worker = null;
    },
  };
}

function answerOf(worker: Worker, comparison: DriftComparison): Promise<DriftReport> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      worker.off('message', answered).off('error', failed).off('exit', ended);
    };
    const answered = (report: DriftReport): void => {
      leave();
      resolve(report);
    };
    const failed = (error: unknown): void => {
      leave();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const ended = (): void => {
      failed(new Error('The drift thread ended before it answered.'));
    };
    worker.on('message', answered).on('error', failed).on('exit', ended);
    worker.postMessage(comparison);
  });
}
