/** Sums over runs of one method; sums of sums are sums, so that workers can be joined. */
export interface Tally {
  readonly runs: number;
  readonly labels: number;
  readonly error: number;
  readonly squaredError: number;
  readonly width: number;
  readonly covered: number;
}

export type Tallies = Readonly<Record<string, Tally>>;

const NONE: Tally = { runs: 0, labels: 0, error: 0, squaredError: 0, width: 0, covered: 0 };

/** One run's part. */
export const tallyOf = (run: {
  readonly labels: number;
  readonly error: number;
  readonly width: number;
  readonly isCovered: boolean;
}): Tally => ({
  runs: 1,
  labels: run.labels,
  error: run.error,
  squaredError: run.error ** 2,
  width: run.width,
  covered: run.isCovered ? 1 : 0,
});

export const joinTally = (a: Tally, b: Tally): Tally => ({
  runs: a.runs + b.runs,
  labels: a.labels + b.labels,
  error: a.error + b.error,
  squaredError: a.squaredError + b.squaredError,
  width: a.width + b.width,
  covered: a.covered + b.covered,
});

export function joinTallies(all: readonly Tallies[]): Tallies {
  const joined: Record<string, Tally> = {};
  for (const tallies of all)
    for (const [name, tally] of Object.entries(tallies))
      joined[name] = joinTally(joined[name] ?? NONE, tally);
  return joined;
}

/** What a cell of the table shows. */
export interface Summary {
  readonly runs: number;
  readonly labels: number;
  readonly bias: number;
  readonly rmse: number;
  readonly width: number;
  readonly coverage: number;
  /** Standard error of the bias. */
  readonly biasError: number;
}

export function summarise(tally: Tally): Summary {
  const { runs } = tally;
  const bias = tally.error / runs;
  const meanSquare = tally.squaredError / runs;
  return {
    runs,
    labels: tally.labels / runs,
    bias,
    rmse: Math.sqrt(meanSquare),
    width: tally.width / runs,
    coverage: tally.covered / runs,
    biasError: Math.sqrt(Math.max(0, meanSquare - bias ** 2) / runs),
  };
}
