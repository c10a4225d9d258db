/** A mark on an axis: where it stands and what is written beside it. */
export interface Tick {
  readonly at: string;
  readonly words: string;
}

/** Maps values of a range to places of a line. */
export type Scale = (value: number) => number;

/** @param from start and end of the values @param to start and end of the places */
export function linearScale(from: readonly [number, number], to: readonly [number, number]): Scale {
  const [start, end] = from;
  const span = end === start ? 1 : end - start;
  return (value) => to[0] + ((value - start) / span) * (to[1] - to[0]);
}

/** A place as an SVG attribute. */
export const place = (value: number): string => value.toFixed(1);

const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];
const TICKS_MAX = 6;

/**
 * A readable range of ratios around some values, with the ticks in it.
 * @param values in [0, 1], at least one
 */
export function ratioRange(values: readonly number[]): {
  readonly range: readonly [number, number];
  readonly ticks: readonly number[];
} {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const step = STEPS.find((one) => (high - low) / one <= TICKS_MAX - 2) ?? 0.5;
  const from = Math.max(0, Math.floor((low - step / 4) / step) * step);
  const to = Math.min(1, Math.ceil((high + step / 4) / step) * step);
  const count = Math.round((to - from) / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => Math.min(1, from + index * step));
  return { range: [from, to], ticks };
}
