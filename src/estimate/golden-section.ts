const RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * Where a function with one valley is smallest.
 * @param tolerance width of the interval in which the answer lies at the end
 * @see Kiefer (1953)
 */
export function goldenSection(
  f: (x: number) => number,
  from: number,
  to: number,
  tolerance: number,
): number {
  let [low, high] = [from, to];
  let [left, right] = [high - RATIO * (high - low), low + RATIO * (high - low)];
  let [fLeft, fRight] = [f(left), f(right)];
  while (high - low > tolerance) {
    if (fLeft < fRight) {
      [high, right, fRight] = [right, left, fLeft];
      left = high - RATIO * (high - low);
      fLeft = f(left);
    } else {
      [low, left, fLeft] = [left, right, fRight];
      right = low + RATIO * (high - low);
      fRight = f(right);
    }
    if (left >= right) break;
  }
  return (low + high) / 2;
}
