import type { Meter } from '../../src/ports/meter.ts';

const nothing = (): void => undefined;

/** Counts nothing: commands publish no metrics. */
export const unmetered: Meter = {
  increment: nothing,
  observe: nothing,
  set: nothing,
  clear: nothing,
};
