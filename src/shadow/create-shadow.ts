import { createAskOther } from './ask-other.ts';
import { createCanary } from './canary.ts';
import type { Shadow, ShadowOptions } from './shadow.ts';
import { tellChanges } from './tell-changes.ts';

export function createShadow(options: ShadowOptions): Shadow {
  const health = tellChanges(options.log);
  const { askOther, stop } = createAskOther(options, health);
  return { answer: createCanary(options, health), askOther, stop };
}
