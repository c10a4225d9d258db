/**
 * Logits to probabilities; the largest logit is taken off first, so that no exponential overflows.
 * @param logits one finite number a class, at least one
 * @returns as many numbers in [0, 1] that sum to 1
 */
export function softmax(logits: ArrayLike<number>): number[] {
  const values = Array.from(logits);
  const largest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = values.map((value) => Math.exp(value - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
