import fc from 'fast-check';

import { type Simulated, windowInput } from '../../scripts/simulate/simulated-window.ts';
import type { Window } from '../../src/domain/window.ts';
import { estimateWindow, type WindowInput } from '../../src/estimate/estimate-window.ts';
import { DAY_START } from './moments.ts';

const HOUR = 3_600_000;

export const CLASSES = ['egg', 'rice', 'soup'] as const;
export const WINDOW: Window = { name: '7d', from: DAY_START, to: DAY_START + 7 * 24 * HOUR };

/** A decided, labelled prediction at noon of the first day; change what matters. */
export const made = (
  changes: Partial<Simulated> & { readonly pi?: number; readonly q?: number } = {},
): Simulated => {
  const { pi = 0.5, q = pi, ...rest } = changes;
  return {
    id: 'p',
    at: DAY_START + 12 * HOUR,
    predictedClass: 'egg',
    trueClass: 'egg',
    confidence: 0.8,
    isLowConfidence: false,
    isDisputed: false,
    decision: { pi, q, isSelected: true, isRandom: true },
    outcome: 'labelled',
    ...rest,
  };
};

/** `count` of the same. */
export const times = (count: number, changes: Parameters<typeof made>[0]): readonly Simulated[] =>
  Array.from({ length: count }, () => made(changes));

export const estimate = (predictions: readonly Simulated[], changes: Partial<WindowInput> = {}) =>
  estimateWindow(windowInput(predictions, WINDOW, { classes: CLASSES, ...changes }));

const probability = fc.double({ min: 0.02, max: 1, noNaN: true });

/** Any prediction of the week, selected or not, answered or not. */
export const anyPrediction = fc
  .record({
    hour: fc.nat(7 * 24 - 1),
    predictedClass: fc.constantFrom(...CLASSES),
    trueClass: fc.constantFrom(...CLASSES, 'None of these'),
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    isLowConfidence: fc.boolean(),
    isDisputed: fc.boolean(),
    outcome: fc.constantFrom<Simulated['outcome']>('labelled', 'labelled', 'skipped', 'open'),
    pi: probability,
    share: probability,
    u: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  .map(({ hour, pi, share, u, ...rest }): Simulated => {
    const q = pi * share;
    return {
      ...rest,
      id: 'p',
      at: DAY_START + hour * HOUR,
      decision: { pi, q, isSelected: u < pi, isRandom: u < q },
    };
  });
