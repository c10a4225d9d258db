/** @param share in [0, 1) @returns the value below which this share of them lies; NaN of none */
export const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
