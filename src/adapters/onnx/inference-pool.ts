import {
  ClassifierUnavailable,
  ModelUnusable,
  Overloaded,
  UploadRejected,
} from '../../domain/errors.ts';
import type { Inference, InferenceLoad, ModelOutput } from '../../ports/inference.ts';
import type { Log } from '../../ports/log.ts';
import type { Random } from '../../ports/random.ts';
import type { ImageLimits } from '../sharp/open-image.ts';
import type { WorkerReply } from './inference-messages.ts';
import { createInferenceThread, type InferenceThread } from './inference-thread.ts';
import type { ModelFolder } from './model-folder.ts';

export interface InferencePoolOptions {
  readonly model: ModelFolder;
  readonly limits: ImageLimits;
  /** Its threads take only what processor time others leave (on Linux): for answers that nobody waits for. */
  readonly isBackground?: boolean;
  /** Threads that decode and run, at least 1. */
  readonly workers: number;
  /** Images that may wait beyond those being worked on. */
  readonly queueLimit: number;
  /** An image is answered within this time of its arrival, or refused. */
  readonly deadlineMs: number;
  readonly log: Log;
  /** Spreads the times at which refused callers come back. */
  readonly random: Random;
}

interface Job {
  readonly image: Uint8Array;
  readonly arrivedAt: number;
  readonly settle: (result: ModelOutput | Error) => void;
  startedAt: number;
}

interface Slot {
  thread: InferenceThread | null;
  job: Job | null;
  isReady: boolean;
  /** Deaths in a row without an answer in between. */
  deaths: number;
  /** Kills a thread that is still at an image long after nobody waits for it. */
  watchdog: NodeJS.Timeout | null;
}

const RESTART_MS_MAX = 30_000;
/** A thread gets this many deadlines for one image before it is taken for hung. */
const HUNG_AFTER_DEADLINES = 3;

/**
 * Worker threads behind a bounded queue. What can't be answered in time is refused at once rather than late.
 */
export class InferencePool implements Inference {
  readonly #options: InferencePoolOptions;
  readonly #slots: Slot[];
  readonly #queue: Job[] = [];
  readonly #restarts = new Set<NodeJS.Timeout>();
  #isStopping = false;
  #whenIdle: (() => void) | null = null;
  /** Mean time of one image on one thread; a guess until there was one. */
  #secondsPerImage = 0.05;

  private constructor(options: InferencePoolOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.workers }, () => ({
      thread: null,
      job: null,
      isReady: false,
      deaths: 0,
      watchdog: null,
    }));
  }

  /**
   * @returns when every worker has loaded the model and run it once
   * @throws ModelUnusable
   */
  static async start(options: InferencePoolOptions): Promise<InferencePool> {
    const pool = new InferencePool(options);
    try {
      await Promise.all(pool.#slots.map((slot) => pool.#occupy(slot)));
    } catch (error) {
      await pool.stop();
      throw error;
    }
    return pool;
  }

  run(image: Uint8Array, signal?: AbortSignal): Promise<ModelOutput> {
    return new Promise((resolve, reject) => {
      this.assertRoom();
      if (signal?.aborted === true) throw hungUp();
      const job: Job = {
        image,
        arrivedAt: performance.now(),
        startedAt: 0,
        settle: (result) => {
          clearTimeout(deadline);
          signal?.removeEventListener('abort', abandon);
          if (result instanceof Error) reject(result);
          else resolve(result);
        },
      };
      const abandon = (): void => {
        this.#drop(job, hungUp());
      };
      const deadline = setTimeout(() => {
        this.#drop(job, this.#refusal('deadline'));
      }, this.#options.deadlineMs);
      signal?.addEventListener('abort', abandon, { once: true });
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  assertRoom(): void {
    if (this.#isStopping) throw this.#refusal('draining');
    const { isReady, queued } = this.load();
    if (!isReady) throw new ClassifierUnavailable('No worker is ready: try again in a moment.');
    if (queued >= this.#options.queueLimit && !this.#slots.some(isIdle))
      throw this.#refusal('queue_full');
  }

  load(): InferenceLoad {
    return {
      idle: this.#slots.filter(isIdle).length,
      running: this.#slots.filter(({ job }) => job !== null).length,
      queued: this.#queue.length,
      queueLimit: this.#options.queueLimit,
      isReady: !this.#isStopping && this.#slots.some(({ isReady }) => isReady),
    };
  }

  /** Ends every thread in the middle of its work, as a crash does; new ones take their places. */
  killWorkers(): void {
    for (const { thread } of this.#slots) thread?.kill();
  }

  /** Takes nothing new, answers what waits, then ends every thread. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#restarts) clearTimeout(timer);
    if (this.#isBusy()) await new Promise<void>((resolve) => (this.#whenIdle = resolve));
    await Promise.all(this.#slots.map(async ({ thread }) => thread?.stop()));
  }

  #isBusy(): boolean {
    return this.#queue.length > 0 || this.#slots.some(({ job }) => job !== null);
  }

  #occupy(slot: Slot): Promise<void> {
    return new Promise((resolve, reject) => {
      slot.thread = createInferenceThread(
        {
          model: this.#options.model,
          limits: this.#options.limits,
          isBackground: this.#options.isBackground === true,
        },
        {
          onReply: (reply) => {
            if (reply.kind === 'ready') resolve();
            if (reply.kind === 'unusable') reject(new ModelUnusable(reply.message));
            this.#take(slot, reply);
          },
          onDeath: (cause) => {
            reject(
              new ModelUnusable(`A worker ended while it loaded the model: ${cause.message}`, {
                cause,
              }),
            );
            this.#bury(slot, cause);
          },
        },
      );
    });
  }

  #take(slot: Slot, reply: WorkerReply): void {
    if (reply.kind === 'unusable') return;
    if (reply.kind === 'ready') slot.isReady = true;
    else this.#answer(slot, reply);
    this.#dispatch();
  }

  #answer(slot: Slot, reply: Extract<WorkerReply, { kind: 'output' | 'rejected' }>): void {
    const job = release(slot);
    slot.deaths = 0;
    if (job === null) return;
    const seconds = (performance.now() - job.startedAt) / 1000;
    this.#secondsPerImage += (seconds - this.#secondsPerImage) * 0.1;
    job.settle(
      reply.kind === 'rejected'
        ? new UploadRejected(reply.reason, reply.message)
        : {
            logits: reply.logits,
            embedding: reply.embedding,
            seconds: {
              queue: (job.startedAt - job.arrivedAt) / 1000,
              decode: reply.decodeSeconds,
              preprocess: reply.preprocessSeconds,
              infer: reply.inferSeconds,
            },
          },
    );
  }

  /** A dead thread's image is answered, its place taken by a new thread: at once, then with growing pauses. */
  #bury(slot: Slot, cause: Error): void {
    const job = release(slot);
    const wasReady = slot.isReady;
    slot.isReady = false;
    slot.thread = null;
    job?.settle(new ClassifierUnavailable('The worker at this image ended: try again.', { cause }));
    if (this.#isStopping) {
      this.#settleIdle();
      return;
    }
    const pauseMs =
      slot.deaths === 0 && wasReady ? 0 : Math.min(RESTART_MS_MAX, 250 * 2 ** slot.deaths);
    slot.deaths += 1;
    this.#options.log.warn({ cause: cause.message, pauseMs }, 'inference worker ended');
    const timer = setTimeout(() => {
      this.#restarts.delete(timer);
      this.#occupy(slot).catch((error: unknown) => {
        this.#options.log.warn({ cause: String(error) }, 'inference worker not started');
      });
    }, pauseMs);
    this.#restarts.add(timer);
  }

  #dispatch(): void {
    for (const slot of this.#slots) {
      if (!isIdle(slot)) continue;
      const job = this.#queue.shift();
      if (job === undefined) break;
      this.#give(slot, job);
    }
    this.#settleIdle();
  }

  #give(slot: Slot, job: Job): void {
    job.startedAt = performance.now();
    slot.job = job;
    slot.watchdog = setTimeout(
      () => slot.thread?.kill(),
      HUNG_AFTER_DEADLINES * this.#options.deadlineMs,
    );
    slot.thread?.run(job.image);
  }

  #drop(job: Job, error: Error): void {
    const place = this.#queue.indexOf(job);
    if (place >= 0) this.#queue.splice(place, 1);
    job.settle(error);
    this.#settleIdle();
  }

  #settleIdle(): void {
    if (!this.#isBusy()) this.#whenIdle?.();
  }

  /** `Retry-After` is the time in which the queue empties, plus up to a second so that not all come back together. */
  #refusal(reason: Overloaded['reason']): Overloaded {
    const seconds = (this.#queue.length * this.#secondsPerImage) / this.#options.workers;
    const said = {
      queue_full: 'The queue is full: try again in a moment.',
      deadline: 'The image was not reached in time: try again in a moment.',
      draining: 'The service is stopping: try again in a moment.',
    }[reason];
    return new Overloaded(
      reason,
      said,
      Math.max(1, Math.ceil(seconds + this.#options.random.uniform())),
    );
  }
}

const isIdle = (slot: Slot): boolean => slot.isReady && slot.job === null;

function release(slot: Slot): Job | null {
  const { job, watchdog } = slot;
  if (watchdog !== null) clearTimeout(watchdog);
  slot.watchdog = null;
  slot.job = null;
  return job;
}

const hungUp = (): ClassifierUnavailable =>
  new ClassifierUnavailable('The caller did not wait for the answer.');
