import { wilson, Z95 } from '../estimate/wilson.ts';

/** A share with its 95 % interval. */
interface Share {
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * Difference a - b of two independent shares with a 95 % interval made from theirs.
 * @see Newcombe (1998), Statistics in Medicine 17, 873-890, method 10
 */
export function differenceOf(a: Share, b: Share): Share {
  const value = a.value - b.value;
  const down = Math.hypot(a.value - a.lower, b.upper - b.value);
  const up = Math.hypot(a.upper - a.value, b.value - b.lower);
  return { value, lower: Math.max(-1, value - down), upper: Math.min(1, value + up) };
}

/** A share of a plain sample with its Wilson interval. */
export function shareOf(right: number, n: number): Share {
  const [lower, upper] = wilson(right / n, n, Z95);
  return { value: right / n, lower, upper };
}

const points = (ratio: number): string => `${ratio > 0 ? '+' : ''}${(ratio * 100).toFixed(1)}`;

/** @returns "+3.2 points (−1.0 to +7.4): no difference can be told" */
export function differenceWords({ value, lower, upper }: Share): string {
  const verdict =
    lower > 0 ? 'higher' : upper < 0 ? 'lower' : 'no difference can be told from these labels';
  return `${points(value)} points (${points(lower)} to ${points(upper)}): ${verdict}`.replaceAll(
    '-',
    '\u2212',
  );
}
