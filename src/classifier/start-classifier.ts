import { serve } from '../http/serve.ts';
import type { ClassifierAppOptions } from './classifier-app-options.ts';
import { createClassifierApp } from './create-classifier-app.ts';

/** The models are started: they are loaded. `stop` ends them. */
export interface StartClassifierOptions extends Omit<ClassifierAppOptions, 'isReady'> {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Time that a whole request may take to arrive; 30 s. */
  readonly requestTimeoutMs?: number;
}

/** A classifier that listens. */
export interface StartedClassifier {
  readonly url: string;
  /** Not ready any more; answers what comes all the same. */
  leave(): void;
  /** Not ready at once, answers what came, then closes the port and ends the workers. */
  stop(): Promise<void>;
}

/**
 * Serves models over HTTP.
 * @throws the listen error (EADDRINUSE, EACCES) as Node gives it
 */
export async function startClassifier(options: StartClassifierOptions): Promise<StartedClassifier> {
  let isDraining = false;
  const app = createClassifierApp({ ...options, isReady: () => !isDraining });
  const served = await serve(app, {
    host: options.host,
    port: options.port,
    ...(options.requestTimeoutMs === undefined
      ? {}
      : { requestTimeoutMs: options.requestTimeoutMs }),
  });
  const leave = (): void => {
    isDraining = true;
    served.leave();
  };
  return {
    url: served.url,
    leave,
    async stop() {
      leave();
      await served.stop();
      await options.models.stop();
    },
  };
}
