import { UploadRejected } from '../../domain/errors.ts';
import type { Classifier } from '../../ports/classifier.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Meter } from '../../ports/meter.ts';
import { createClassifierCircuit } from './classifier-circuit.ts';
import { createClassifierTransport, type TransportOptions } from './classifier-transport.ts';

/** What an HTTP classifier needs to know. */
export interface HttpClassifierOptions extends TransportOptions {
  readonly clock: Clock;
  readonly meter: Meter;
}

/** The Classifier port over HTTP; `close` ends the kept connections. */
export interface HttpClassifier extends Classifier {
  close(): void;
}

/** A classifier that failed so often in a row is left in peace for so long: users hear at once that it is away. */
const FAILURES_MAX = 6;
const OPEN_MS = 2000;

/**
 * Asks any server that takes `POST /predict` with `{"image": base64}` and answers `prediction` and `probability`
 * (`probabilities` and `model_version` where it has them).
 */
export function createHttpClassifier(options: HttpClassifierOptions): HttpClassifier {
  const transport = createClassifierTransport(options);
  const circuit = createClassifierCircuit({
    failuresMax: FAILURES_MAX,
    openMs: OPEN_MS,
    notAsked: `The classifier at ${options.baseUrl} was not asked: its last calls all failed. It is asked again by itself in a few seconds.`,
  });
  circuit.showIn(options.meter);
  return {
    classify: (image) =>
      circuit.execute(() =>
        measured(options, 'classify', () => transport.classify('/predict', image)),
      ),
    isReady: () => measured(options, 'ready', () => transport.isReady()).catch(() => false),
    close: () => {
      transport.close();
    },
  };
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
