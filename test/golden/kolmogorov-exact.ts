/**
 * Exact two-sample p-value: the share of lattice paths from (0, 0) to (n, m) that leave the band |i/n - j/m| < statistic.
 */
export function exactTwoSample(n: number, m: number, statistic: number): number {
  const isInside = (i: number, j: number): boolean =>
    Math.abs(i * m - j * n) < Math.round(statistic * n * m);
  const inside: number[][] = [];
  for (let i = 0; i <= n; i += 1) {
    const row: number[] = [];
    for (let j = 0; j <= m; j += 1) {
      if (!isInside(i, j)) row.push(0);
      else if (i === 0 && j === 0) row.push(1);
      else {
        // Shares instead of counts, so that nothing overflows.
        const left = i > 0 ? (inside[i - 1]?.[j] ?? 0) * (i / (i + j)) : 0;
        const below = j > 0 ? (row[j - 1] ?? 0) * (j / (i + j)) : 0;
        row.push(left + below);
      }
    }
    inside.push(row);
  }
  return 1 - (inside[n]?.[m] ?? 0);
}

const multiply = (a: number[][], b: number[][]): number[][] =>
  a.map((row) =>
    row.map((_, j) => row.reduce((sum, value, k) => sum + value * (b[k]?.[j] ?? 0), 0)),
  );

/** Upper tail of the one-sample Kolmogorov statistic. @see Marsaglia, Tsang & Wang (2003) */
export function exactOneSample(n: number, statistic: number): number {
  const k = Math.ceil(n * statistic);
  const h = k - n * statistic;
  const size = 2 * k - 1;
  const factorial = (upTo: number): number => (upTo <= 1 ? 1 : upTo * factorial(upTo - 1));
  const matrix = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_unused, j) => {
      if (i - j + 1 < 0) return 0;
      let value = 1;
      if (j === 0) value -= h ** (i + 1);
      if (i === size - 1) value -= h ** (size - j);
      if (i === size - 1 && j === 0 && 2 * h - 1 > 0) value += (2 * h - 1) ** size;
      return value / factorial(i - j + 1);
    }),
  );
  let power = matrix;
  for (let step = 1; step < n; step += 1) power = multiply(power, matrix);
  let probability = power[k - 1]?.[k - 1] ?? 0;
  for (let i = 1; i <= n; i += 1) probability *= i / n;
  return 1 - probability;
}
