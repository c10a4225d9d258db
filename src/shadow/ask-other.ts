import { Overloaded } from '../domain/errors.ts';
import type { Answered, Shadow, ShadowOptions } from './shadow.ts';
import type { Health } from './tell-changes.ts';

/** Images in memory that nobody waits for. */
const UNDER_WAY_MAX = 4;
/** Longer than an answer takes, shorter than a person who stops the service waits. */
const ENDS_WITHIN_MS = 2000;

type Result = 'recorded' | 'dropped' | 'failed';

/** Asks the model that did not answer, a few at a time; what finds no place is dropped, and counted. */
export function createAskOther(
  {
    classifier,
    store,
    clock,
    meter,
    flagHorizonMs,
  }: Pick<ShadowOptions, 'classifier' | 'store' | 'clock' | 'meter' | 'flagHorizonMs'>,
  health: Health,
): Pick<Shadow, 'askOther' | 'stop'> {
  const underWay = new Set<Promise<void>>();
  const ending = new AbortController();
  let isStopping = false;
  const count = (result: Result): void => {
    meter.increment('truthloop_shadow_answers_total', { result });
  };
  const ask = async ({ id, modelVersion }: Answered, image: Buffer): Promise<Result> => {
    const other = await classifier.classifyByOther(image, modelVersion, ending.signal);
    const outcome = await store.recordShadowAnswer(
      {
        id,
        modelVersion: other.modelVersion,
        predictedClass: other.predictedClass,
        confidence: other.confidence,
        at: clock.now(),
      },
      flagHorizonMs,
    );
    health.isWell();
    // Erased meanwhile: there is nothing left that the answer could be about.
    return outcome === 'unknown' ? 'dropped' : 'recorded';
  };
  const failed = (error: unknown): Result => {
    if (error instanceof Overloaded || ending.signal.aborted) return 'dropped';
    health.failed(error);
    return 'failed';
  };
  return {
    askOther(answered, image) {
      if (isStopping || underWay.size >= UNDER_WAY_MAX) {
        count('dropped');
        return;
      }
      const asked = ask(answered, image)
        .catch(failed)
        .then(count)
        .finally(() => underWay.delete(asked));
      underWay.add(asked);
    },
    async stop() {
      isStopping = true;
      const cutOff = setTimeout(() => {
        ending.abort();
      }, ENDS_WITHIN_MS);
      await Promise.all(underWay);
      clearTimeout(cutOff);
    },
  };
}
