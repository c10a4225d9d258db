const STEPS = 200;

/**
 * Smallest x in [low, high] with f(x) >= target, for a continuous f that never falls; `high` when there is none.
 * Bisection down to neighbouring doubles.
 */
export function solveIncreasing(
  f: (x: number) => number,
  target: number,
  low: number,
  high: number,
): number {
  if (f(low) >= target) return low;
  if (f(high) < target) return high;
  let [under, over] = [low, high];
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (under + over) / 2;
    if (middle <= under || middle >= over) break;
    if (f(middle) < target) under = middle;
    else over = middle;
  }
  return over;
}
