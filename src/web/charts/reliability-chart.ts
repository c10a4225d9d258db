import type { ReliabilityBin } from '../../domain/estimate.ts';
import { percent } from '../percent.ts';
import { linearScale, place, type Tick } from './scale.ts';

const SIZE = 300;
const LEFT = 44;
const BOTTOM = 34;
const EDGE = 10;
const RADIUS_MIN = 3;
const RADIUS_MAX = 9;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** How often the model is right when it says a confidence, ready to be drawn. */
export interface ReliabilityChart {
  readonly size: number;
  readonly left: number;
  readonly bottom: number;
  readonly edge: number;
  readonly xTicks: readonly Tick[];
  readonly yTicks: readonly Tick[];
  readonly points: readonly {
    readonly x: string;
    readonly y: string;
    readonly lower: string;
    readonly upper: string;
    readonly radius: string;
    readonly words: string;
  }[];
}

/** @returns null when no bin has enough labels */
export function reliabilityChart(bins: readonly ReliabilityBin[]): ReliabilityChart | null {
  const x = linearScale([0, 1], [LEFT, SIZE - EDGE]);
  const y = linearScale([0, 1], [SIZE - BOTTOM, EDGE]);
  const shareMax = Math.max(...bins.map(({ share }) => share));
  const points = bins.flatMap(({ accuracy, meanConfidence, share }) =>
    accuracy === null
      ? []
      : [
          {
            x: place(x(meanConfidence)),
            y: place(y(accuracy.value)),
            lower: place(y(accuracy.lower)),
            upper: place(y(accuracy.upper)),
            radius: place(RADIUS_MIN + (RADIUS_MAX - RADIUS_MIN) * Math.sqrt(share / shareMax)),
            words: `said ${percent(meanConfidence)}, right ${percent(accuracy.value)} of the time`,
          },
        ],
  );
  if (points.length === 0) return null;
  return {
    size: SIZE,
    left: LEFT,
    bottom: SIZE - BOTTOM,
    edge: EDGE,
    xTicks: TICKS.map((value) => ({ at: place(x(value)), words: percent(value) })),
    yTicks: TICKS.map((value) => ({ at: place(y(value)), words: percent(value) })),
    points,
  };
}
