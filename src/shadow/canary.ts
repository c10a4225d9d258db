import { Overloaded } from '../domain/errors.ts';
import type { Shadow, ShadowOptions } from './shadow.ts';
import type { Health } from './tell-changes.ts';

/** Lets the canary answer its share; whatever keeps it from that, the model in service has an answer. */
export function createCanary(
  {
    classifier,
    canaryShare,
    canaryNumber,
    meter,
  }: Pick<ShadowOptions, 'classifier' | 'canaryShare' | 'canaryNumber' | 'meter'>,
  health: Health,
): Shadow['answer'] {
  const count = (result: 'served' | 'busy' | 'failed'): void => {
    meter.increment('truthloop_canary_answers_total', { result });
  };
  return async (id, image) => {
    if (canaryNumber(id) >= canaryShare) return null;
    try {
      const answer = await classifier.classifyAsCanary(image);
      count('served');
      health.isWell();
      return answer;
    } catch (error) {
      count(error instanceof Overloaded ? 'busy' : 'failed');
      if (!(error instanceof Overloaded)) health.failed(error);
      return null;
    }
  };
}
