/** A labelled unit as the formulas see it. */
export interface Observation {
  /** Correctness, 1 or 0, or a vote share. */
  readonly a: number;
  /** What the model believed: its confidence. */
  readonly m: number;
  /** Inclusion probability, in (0, 1], adjusted for answers that did not come. */
  readonly pi: number;
}

/** Sum of f over the items; plain left to right, so that equal input gives equal output. */
export const sumOver = <Item>(items: readonly Item[], f: (item: Item) => number): number => {
  let sum = 0;
  for (const item of items) sum += f(item);
  return sum;
};

/** Kish's effective size of a weighted sample: (sum w)^2 / sum w^2, w = 1 / pi. @see Kish (1965) */
export function kishSize(units: readonly { readonly pi: number }[]): number {
  const total = sumOver(units, ({ pi }) => 1 / pi);
  return total ** 2 / sumOver(units, ({ pi }) => 1 / pi ** 2);
}

/** Does one unit weigh more than 50 times the median? Then the estimate hangs on few units. */
export function hasExtremeWeights(units: readonly { readonly pi: number }[]): boolean {
  if (units.length === 0) return false;
  const weights = units.map(({ pi }) => 1 / pi).sort((a, b) => a - b);
  const median = weights[Math.floor((weights.length - 1) / 2)] ?? 1;
  return (weights.at(-1) ?? 1) > 50 * median;
}
