import type { ShadowClassifier } from '../../ports/classifier.ts';
import { createClassifierCircuit } from './classifier-circuit.ts';
import { createClassifierTransport, type TransportOptions } from './classifier-transport.ts';

/** The ShadowClassifier port over HTTP; `close` ends the kept connections. */
export interface HttpShadow extends ShadowClassifier {
  close(): void;
}

/** Somebody waits for a canary's answer, and the model in service has one: after this long it is asked instead. */
const CANARY_PATIENCE_MS = 2000;
/** A canary that failed so often in a row is left in peace for so long. */
const FAILURES_MAX = 3;
const OPEN_MS = 30_000;

/**
 * Asks a classifier's second model. On connections of its own, and behind a breaker of its own: nothing that goes wrong here
 * is held against the model in service.
 */
export function createHttpShadow(options: TransportOptions): HttpShadow {
  const forCanary = createClassifierTransport({
    ...options,
    timeoutMs: Math.min(CANARY_PATIENCE_MS, options.timeoutMs),
  });
  const transport = createClassifierTransport(options);
  const circuit = createClassifierCircuit({
    failuresMax: FAILURES_MAX,
    openMs: OPEN_MS,
    notAsked: 'The canary was not asked: its last calls all failed.',
  });
  return {
    classifyAsCanary: (image) =>
      circuit.execute(() => forCanary.classify('/canary/predict', image)),
    classifyByOther: (image, servedBy, signal) =>
      transport.classify(
        `/shadow/predict?served_by=${encodeURIComponent(servedBy)}`,
        image,
        signal,
      ),
    close() {
      forCanary.close();
      transport.close();
    },
  };
}
