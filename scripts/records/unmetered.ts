import type { Meter } from '../../src/ports/meter.ts';

const nothing = (): void => undefined;

/** Commands publish no metrics. */
export const unmetered: Meter = {
  increment: nothing,
  observe: nothing,
  set: nothing,
  clear: nothing,
};
